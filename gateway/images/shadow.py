"""A soft drop shadow: the subject's outline, blurred, a little below it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images.matte import Alpha, Box
from gateway.images.picture import Pixels

DROP, BLUR = 0.03, 0.025
"""How far down it lies and how soft it is (standard deviation), of the subject's longer side: as
under an object that stands a little above the ground, in diffuse light from above."""
SIDE = 512
"""Longer side of the small picture that is blurred: a shadow has no details."""


def under(pixels: Pixels, alpha: Alpha, box: Box, opacity: float) -> Pixels:
    """The shadow of a cut-out, as a picture to lay it on.

    Args:
        pixels: (H, W, 4), the cut-out; only its size counts.
        alpha: (H, W), its alpha.
        box: around the subject.
        opacity: of the darkest part, 0 to 1.

    Returns:
        (H, W, 4): black, with the shadow as alpha.
    """
    height, width = alpha.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)
    length = max(box.width, box.height) * scale
    blurred = cv2.GaussianBlur(
        _lowered(small, round(length * DROP)), (0, 0), max(0.5, length * BLUR)
    )
    shadow = np.zeros_like(pixels)
    faint = cv2.convertScaleAbs(blurred, alpha=opacity)
    soft = cv2.resize(faint, (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.insertChannel(soft, shadow, 3)
    return shadow


def _lowered(alpha: Alpha, rows: int) -> NDArray[np.uint8]:
    rows = min(rows, len(alpha))
    lowered = np.zeros_like(alpha)
    lowered[rows:] = alpha[: len(alpha) - rows]
    return lowered
