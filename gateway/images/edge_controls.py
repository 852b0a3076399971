"""Changes to the finished alpha that a caller asks for; `invert` comes earlier, in `compose`."""

import math
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images import morphology
from gateway.images.matte import Alpha
from gateway.options import EdgeControls

FINE_PIXELS = 2.0
"""Wider blurs are computed on a smaller picture, on which they have this width or up to twice as
much: they have no details, and so their time does not depend on their width."""
Level = TypeVar("Level", np.uint8, np.uint16)

SOFT_EDGE = 2.0
"""Width in pixels of the soft edge that `smooth` makes of a hard one."""


def apply(alpha: Alpha, controls: EdgeControls) -> Alpha:
    """Return alpha after threshold, smooth, expand and feather, in this order.

    No length exceeds the shorter side: around a picture of one row there would be more padding than
    memory.

    Args:
        alpha: (H, W), in the size that lengths in percent refer to.
        controls: of the request.

    Returns:
        (H, W); `alpha` itself if nothing changes.
    """
    side, most = max(alpha.shape), min(alpha.shape)
    smooth_by, expand_by, feather_by = (
        min(max(-most, length.of(side)), most)
        for length in (controls.smooth, controls.expand, controls.feather)
    )
    if controls.threshold:
        alpha = _threshold(alpha, controls.threshold)
    if smooth_by:
        alpha = smooth(alpha, smooth_by)
    if pixels := round(expand_by):
        alpha = morphology.move_edge(alpha, pixels)
    if feather_by:
        alpha = feather(alpha, feather_by)
    return alpha


def smooth(alpha: Alpha, radius: float) -> Alpha:
    """Round contours: blur, then make the blurred edge steep again around one half.

    It changes only surroundings of edges between foreground and background: parts that are evenly
    half transparent stay as they are.

    Args:
        alpha: (H, W).
        radius: in pixels; smaller details disappear.
    """
    sigma = radius / 2
    # The slope of a blurred edge is 1 / (sigma sqrt(2 pi)).
    steepness = max(1.0, sigma * math.sqrt(2 * math.pi) / SOFT_EDGE)
    # Steepened, steps of 8 bits would show; on a blur that stays as it is they do not.
    blurred = _blur(alpha, sigma) if steepness < 2 else _blur(alpha.astype(np.uint16) * 257, sigma)
    rounded = _steepen(blurred, steepness)
    share = _contrast(alpha, radius)
    changed = cv2.multiply(rounded, share, scale=1 / 255)
    unchanged = cv2.multiply(alpha, 255 - share, scale=1 / 255)
    return np.asarray(cv2.add(changed, unchanged), np.uint8)


def feather(alpha: Alpha, radius: float) -> Alpha:
    """Blur alpha, so that a hard edge fades over about a radius to each side.

    Args:
        alpha: (H, W).
        radius: in pixels; twice the standard deviation of the blur.
    """
    return np.asarray(_blur(alpha, radius / 2), np.uint8)


def _threshold(alpha: Alpha, share: float) -> Alpha:
    lowest = math.ceil(round(share * 255, 6))
    return np.asarray(cv2.threshold(alpha, lowest - 1, 255, cv2.THRESH_BINARY)[1], np.uint8)


def _steepen(blurred: NDArray[np.unsignedinteger[Any]], factor: float) -> Alpha:
    """Return (H, W) of 8 bits from 8 or 16, with the distance to one half multiplied."""
    white = np.iinfo(blurred.dtype).max
    dark = blurred.dtype.type((0.5 - 0.5 / factor) * white)
    above = np.maximum(blurred, dark) - dark
    return np.asarray(cv2.convertScaleAbs(above, alpha=factor * 255 / white), np.uint8)


def _contrast(alpha: Alpha, radius: float) -> Alpha:
    """Return by how much alpha differs within a radius of each pixel, (H, W)."""
    small = _shrink(alpha, radius)
    side = 2 * math.ceil(radius * len(small) / len(alpha)) + 1
    around = np.ones((side, side), np.uint8)
    return _enlarge(cv2.subtract(cv2.dilate(small, around), cv2.erode(small, around)), alpha)


def _blur(levels: NDArray[Level], sigma: float) -> NDArray[Level]:
    """Return (H, W) levels after a Gaussian blur."""
    small = _shrink(levels, sigma)
    across, down = (sigma * small.shape[axis] / levels.shape[axis] for axis in (1, 0))
    blurred = cv2.GaussianBlur(small, (0, 0), across, None, down, cv2.BORDER_REPLICATE)
    return _enlarge(blurred, levels)


def _shrink(levels: NDArray[Level], length: float) -> NDArray[Level]:
    """Shrink levels until a length is less than twice `FINE_PIXELS`."""
    factor = math.floor(length / FINE_PIXELS)
    if factor < 2:
        return levels
    height, width = (max(1, round(side / factor)) for side in levels.shape)
    small = cv2.resize(levels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, levels.dtype)


def _enlarge(small: Any, levels: NDArray[Level]) -> NDArray[Level]:
    """Enlarge to the size of other levels."""
    size = levels.shape[::-1]
    if small.shape == levels.shape:
        return np.asarray(small, levels.dtype)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), levels.dtype)
