"""Errors of an alpha near the true edge."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.uint8]
"""(H, W), 0 to 255."""

Levels = NDArray[np.float32]
"""(H, W), 0 to 1."""

BAND_PIXELS = 25
"""Half the width of the band around the true edge that counts."""
BOUNDARY_PIXELS = 7
"""Width of the boundary of boundary IoU (Cheng et al., CVPR 2021)."""
GRADIENT_SIGMA = 1.4
CONNECTIVITY_STEP, CONNECTIVITY_SLACK = 0.1, 0.15
"""Of the gradient and connectivity errors (Rhemann et al., CVPR 2009)."""


@dataclass(frozen=True)
class Errors:
    """Errors of one alpha; all but `boundary_iou` are the lower the better."""

    sad: float
    """Sum of absolute differences, in thousands of pixels."""
    mse: float
    """Mean square of differences, 0 to 1."""
    gradient: float
    """Sum of squared differences of the gradients' lengths, in thousands."""
    connectivity: float
    """Sum of differences of connectedness to the largest certain part, in thousands."""
    boundary_iou: float
    """0 to 1."""


def errors(alpha: Alpha, true: Alpha) -> Errors:
    """Compare an alpha with the true one, inside the band around the true one's edge."""
    band = edge_band(true)
    found, wanted = (np.divide(x, 255, dtype=np.float32) for x in (alpha, true))
    difference = np.abs(found - wanted)[band]
    steps = (_gradient(found) - _gradient(wanted))[band]
    one, other = _connectedness(found, wanted)
    return Errors(
        sad=float(difference.sum()) / 1000,
        mse=float((difference**2).mean()) if difference.size else 0.0,
        gradient=float((steps**2).sum()) / 1000,
        connectivity=float(np.abs(one - other)[band].sum()) / 1000,
        boundary_iou=boundary_iou(alpha > 127, true > 127),
    )


def iou(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return intersection over union of two areas, 0 to 1."""
    union = np.count_nonzero(found | true)
    return np.count_nonzero(found & true) / union if union else 1.0


def boundary_iou(found: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """Return the IoU of the two areas' inner boundaries."""
    return iou(_boundary(found), _boundary(true))


def edge_band(true: Alpha) -> NDArray[np.bool_]:
    """Return the pixels within BAND_PIXELS of one that is soft or beside an edge."""
    kernel = np.ones((3, 3), np.uint8)
    edge = cv2.morphologyEx(true, cv2.MORPH_GRADIENT, kernel) > 12
    return np.asarray(_dilated(edge.astype(np.uint8), BAND_PIXELS), np.bool_)


def _boundary(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    outside = np.pad(~area, 1, constant_values=True).astype(np.uint8)
    near = _dilated(outside, BOUNDARY_PIXELS)[1:-1, 1:-1]
    return np.logical_and(area, near)


def _dilated(area: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.dilate(area, np.ones((side, side), np.uint8)), np.uint8)


def _gradient(alpha: Levels) -> Levels:
    """Return the gradient's length, by derivatives of a Gaussian."""
    radius = round(3 * GRADIENT_SIGMA)
    x = np.arange(-radius, radius + 1, dtype=np.float32)
    smooth = np.exp(-(x**2) / (2 * GRADIENT_SIGMA**2))
    smooth /= smooth.sum()
    slope = -x / GRADIENT_SIGMA**2 * smooth
    return np.asarray(
        np.hypot(
            cv2.sepFilter2D(alpha, -1, slope, smooth), cv2.sepFilter2D(alpha, -1, smooth, slope)
        ),
        np.float32,
    )


def _connectedness(first: Levels, second: Levels) -> tuple[Levels, Levels]:
    """Return how connected each pixel of two alphas is to the largest part that both have."""
    connected_level = np.zeros_like(first)
    for level in np.arange(CONNECTIVITY_STEP, 1.01, CONNECTIVITY_STEP):
        both = ((first >= level) & (second >= level)).astype(np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(both, connectivity=4)
        if count > 1:
            largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
            connected_level[labels == largest] = level
    distances = (alpha - connected_level for alpha in (first, second))
    one, other = (1 - distance * (distance >= CONNECTIVITY_SLACK) for distance in distances)
    return one, other
