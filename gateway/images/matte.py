"""Turns the model's mask into the alpha of the result, and measures both."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.uint8]
"""(H, W): 0 is background, 255 is foreground."""


@dataclass(frozen=True)
class Box:
    """The bounding box of the foreground, in pixels of the result."""

    top: int
    left: int
    width: int
    height: int


def resize(mask: NDArray[np.uint8], width: int, height: int) -> Alpha:
    """Resize the (side, side) mask to (height, width)."""
    shrinks = width < mask.shape[1] and height < mask.shape[0]
    filter_ = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, height), interpolation=filter_), np.uint8)


def indices_between(alpha: Alpha, low: int, high: int) -> NDArray[np.intp]:
    """Return the flat indices of the pixels with low <= alpha < high."""
    # Levels below `low` wrap around to large ones, so one comparison suffices. On a boolean array
    # flatnonzero is fastest.
    return np.flatnonzero((alpha - np.uint8(low)) < high - low)


def bounding_box(alpha: Alpha) -> Box | None:
    """Return the smallest box around all alpha above one half; None if there is none."""
    left, top, width, height = cv2.boundingRect((alpha > 127).view(np.uint8))
    return Box(top, left, width, height) if width else None


def confidence(mask: NDArray[np.uint8]) -> float:
    """Return how certain the model is of the foreground, 0 to 1; 0 if there is none.

    The soft Jaccard index of the mask and its own foreground, the pixels above one half: the sum of
    the mask inside the foreground, over the foreground's area plus the sum of the mask outside. A
    clear mask has almost 1; low levels in the foreground and high ones outside lower it.

    Args:
        mask: (side, side), as returned by the model.
    """
    foreground = mask > 127
    area = int(np.count_nonzero(foreground))
    inside = float(mask.sum(where=foreground, dtype=np.int64)) / 255
    outside = float(mask.sum(dtype=np.int64)) / 255 - inside
    return inside / (area + outside) if area else 0.0
