"""What the caller knows better than the model: a mask, and parts to keep and to erase."""

from dataclasses import dataclass

import cv2
import numpy as np

from gateway.images.levels import Levels
from gateway.images.matte import Alpha
from gateway.images.picture import Frame

KEEP_FROM, ERASE_TO = 224, 31
"""Levels of a trimap from which on it keeps, and up to which it erases: JPEG blurs white and
black. All between is left as it is."""


@dataclass(frozen=True)
class Corrections:
    """Corrections of one picture, decoded."""

    has_mask: bool = False
    """The mask is the caller's: (H, W) of any size, and of the whole picture."""
    keep: tuple[Frame, ...] = ()
    """Rectangles of the result that are foreground."""
    erase: tuple[Frame, ...] = ()
    """Rectangles of the result that are background. Where both apply, erasing wins."""
    trimap: Levels | None = None
    """(H, W) of any size: white keeps, black erases, and grey changes nothing."""


NONE = Corrections()


def apply_hints(alpha: Alpha, corrections: Corrections) -> None:
    """Set alpha to 255 where the corrections keep, and to 0 where they erase, in place."""
    trimap = _resized_trimap(alpha, corrections.trimap)
    if trimap is not None:
        alpha[trimap >= KEEP_FROM] = 255
    for frame in corrections.keep:
        alpha[frame.slices] = 255
    if trimap is not None:
        alpha[trimap <= ERASE_TO] = 0
    for frame in corrections.erase:
        alpha[frame.slices] = 0


def _resized_trimap(alpha: Alpha, trimap: Levels | None) -> Levels | None:
    if trimap is None or trimap.shape == alpha.shape:
        return trimap
    height, width = alpha.shape
    nearest = cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(nearest, np.uint8)
