"""From the model's mask to the result's alpha."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.uint8]
"""(H, W): 0 is background, 255 is foreground."""


@dataclass(frozen=True)
class Box:
    """Where the foreground is, in pixels of the result."""

    top: int
    left: int
    width: int
    height: int


def resize(mask: NDArray[np.uint8], width: int, height: int) -> Alpha:
    """Bring the (1024, 1024) mask to the result's (height, width)."""
    shrinks = width < mask.shape[1] and height < mask.shape[0]
    filter_ = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, height), interpolation=filter_), np.uint8)


def between(alpha: Alpha, low: int, high: int) -> NDArray[np.intp]:
    """Flat indices of the pixels with low <= alpha < high."""
    # Below `low` wraps around to large numbers: one comparison, and NumPy lists booleans fastest.
    return np.flatnonzero((alpha - np.uint8(low)) < high - low)


def box(alpha: Alpha) -> Box | None:
    """The smallest box around alpha above one half; None when nothing is."""
    left, top, width, height = cv2.boundingRect((alpha > 127).view(np.uint8))
    return Box(top, left, width, height) if width else None


def confidence(mask: NDArray[np.uint8]) -> float:
    """How sure the model is of what it keeps, 0 to 1: 0 when nothing is kept.

    The overlap (soft Jaccard index) of the mask with what it keeps, its half above one half: the
    sum of the mask there, over the area there plus the sum of the mask everywhere else. Firm masks
    have nearly 1; what is kept half-heartedly, or beside much that was nearly kept, lowers it.

    Args:
        mask: (1024, 1024), the model's.
    """
    kept = mask > 127
    area = int(np.count_nonzero(kept))
    sum_kept = float(mask.sum(where=kept, dtype=np.int64)) / 255
    rest = float(mask.sum(dtype=np.int64)) / 255 - sum_kept
    return sum_kept / (area + rest) if area else 0.0
