"""The guided filter: an alpha as a local linear function of the picture's colours.

He, Sun, Tang, "Guided Image Filtering", ECCV 2010. In each small window the alpha is fitted by
a . I + b, and a pixel's coefficients are the mean of those of all windows around it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""(H, W)."""

MIN_VARIANCE = np.float32(1e-6)
"""Below it an alpha is constant in its window, and nothing is to be explained."""


@dataclass(frozen=True)
class LinearModel:
    """Coefficients of alpha by colour, and how well they explain it."""

    coefficients: NDArray[np.float32]
    """(H, W, 4): alpha, 0 to 1, is the sum of the first three times the colour, 0 to 1, plus the
    fourth."""
    fit: Plane
    """(H, W), 0 to 1: R², the share of the alpha's variance that they explain."""


class GuidedFilter:
    """Fits alphas to one picture.

    Args:
        image: (H, W, 3), 0 to 1.
        radius: of the windows, in pixels.
        regularization: added to the colours' variance; smaller follows fainter edges. Below 1e-5
            the inverse of the covariance exceeds float32.
    """

    def __init__(
        self, image: NDArray[np.float32], radius: int, regularization: float = 1e-4
    ) -> None:
        self._radius = radius
        self._channels = [np.ascontiguousarray(image[..., i]) for i in range(3)]
        self._means = [self._mean(channel) for channel in self._channels]
        self._inverse = self._inverse_covariance(np.float32(regularization))

    def fit(self, alpha: Plane) -> LinearModel:
        """Return the coefficients for an alpha, (H, W), 0 to 1."""
        mean = self._mean(alpha)
        covariance = [
            self._mean(channel * alpha) - channel_mean * mean
            for channel, channel_mean in zip(self._channels, self._means, strict=True)
        ]
        xx, xy, xz, yy, yz, zz = self._inverse
        slopes = [_dot(row, covariance) for row in ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))]
        offset = mean - _dot(slopes, self._means)
        explained = _dot(slopes, covariance)
        variance = self._mean(alpha * alpha) - mean * mean
        share = explained / np.maximum(variance, MIN_VARIANCE)
        return LinearModel(
            np.asarray(cv2.merge([self._mean(x) for x in (*slopes, offset)]), np.float32),
            self._mean(np.clip(share, np.float32(0), np.float32(1))),
        )

    def _inverse_covariance(self, regularization: np.float32) -> tuple[Plane, ...]:
        """Return the inverse's six different elements: xx, xy, xz, yy, yz, zz."""
        x, y, z = self._channels
        mx, my, mz = self._means
        a = self._mean(x * x) - mx * mx + regularization
        b, c = self._mean(x * y) - mx * my, self._mean(x * z) - mx * mz
        d = self._mean(y * y) - my * my + regularization
        e = self._mean(y * z) - my * mz
        f = self._mean(z * z) - mz * mz + regularization
        cofactors = (d * f - e * e, c * e - b * f, b * e - c * d)
        determinant = _dot((a, b, c), cofactors)
        rest = (a * f - c * c, b * c - a * e, a * d - b * b)
        return tuple(x / determinant for x in (*cofactors, *rest))

    def _mean(self, plane: Plane) -> Plane:
        side = 2 * self._radius + 1
        return np.asarray(cv2.blur(plane, (side, side)), np.float32)


def _dot(first: list[Plane] | tuple[Plane, ...], second: list[Plane] | tuple[Plane, ...]) -> Plane:
    total = first[0] * second[0] + first[1] * second[1] + first[2] * second[2]
    return np.asarray(total, np.float32)
