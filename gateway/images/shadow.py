"""A soft drop shadow: the blurred outline of the subject, a little below it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images.matte import Alpha, Box
from gateway.images.picture import Pixels

OFFSET_SHARE, BLUR_SHARE = 0.03, 0.025
"""Vertical offset, and standard deviation of the blur, as shares of the subject's longer side: as
for an object a little above the ground, in diffuse light from above."""
BLUR_SIDE = 512
"""Longer side at which the shadow is blurred: it has no details."""


def drop_shadow(alpha: Alpha, box: Box, opacity: float) -> Pixels:
    """Return the shadow of a cut-out, to put behind it.

    Args:
        alpha: (H, W), of the cut-out.
        box: around the subject.
        opacity: of the darkest part, 0 to 1.

    Returns:
        (H, W, 4): black, with the shadow as alpha.
    """
    height, width = alpha.shape
    scale = min(1.0, BLUR_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)
    length = max(box.width, box.height) * scale
    blurred = cv2.GaussianBlur(
        _shift_down(small, round(length * OFFSET_SHARE)), (0, 0), max(0.5, length * BLUR_SHARE)
    )
    shadow = np.zeros((height, width, 4), np.uint8)
    faint = cv2.convertScaleAbs(blurred, alpha=opacity)
    soft = cv2.resize(faint, (width, height), interpolation=cv2.INTER_LINEAR)
    cv2.insertChannel(soft, shadow, 3)
    return shadow


def _shift_down(alpha: Alpha, rows: int) -> NDArray[np.uint8]:
    rows = min(rows, len(alpha))
    shifted = np.zeros_like(alpha)
    shifted[rows:] = alpha[: len(alpha) - rows]
    return shifted
