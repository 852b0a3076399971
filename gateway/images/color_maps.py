"""Maps of estimated foreground and background colours.

The colours of certain pixels are spread into the soft edge (pull-push: Gortler, Grzeszczuk,
Szeliski, Cohen, "The Lumigraph", SIGGRAPH 1996). `make bench-images` compares them with multi-level
estimation (Germer et al. 2020).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

CERTAINTY_EXPONENT = 16
"""Exponent that turns alpha into a weight of certainty: 0.95 becomes 0.44, and 0.8 becomes 0.03."""
PYRAMID_LEVELS = 9
"""Halvings from 512 to 1."""

Colors = NDArray[np.float32]
"""(H, W, 3) sRGB, 0 to 255."""


def estimate(
    image: Colors, alpha: NDArray[np.float32], exponent: int = CERTAINTY_EXPONENT
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Estimate foreground and background colours everywhere.

    Args:
        image: (512, 512, 3).
        alpha: (512, 512), 0 to 1.
        exponent: makes weights of alpha; the larger, the fewer pixels count as certain.

    Returns:
        Foreground and background, (512, 512, 4) each; the fourth channel is unused.
    """
    foreground, background = (
        cv2.cvtColor(
            pull_push(image, np.power(share, exponent)).astype(np.uint8),
            cv2.COLOR_RGB2RGBA,
        )
        for share in (alpha, 1 - alpha)
    )
    return np.asarray(foreground, np.uint8), np.asarray(background, np.uint8)


def pull_push(colors: Colors, weight: NDArray[np.float32]) -> Colors:
    """Spread colours from pixels of high weight to pixels of low weight.

    Args:
        colors: (512, 512, 3).
        weight: (512, 512), 0 to 1: how certain each colour is.

    Returns:
        (512, 512, 3).
    """
    total, pulled = colors * _three_channels(weight), []
    for _ in range(PYRAMID_LEVELS):
        pulled.append((total, weight))
        total, weight = (np.asarray(cv2.pyrDown(x), np.float32) for x in (total, weight))
    filled = _mean(total, weight)
    for total, weight in reversed(pulled):
        height, width = weight.shape
        coarser = cv2.pyrUp(filled, dstsize=(width, height))
        # Blurring makes weights small near certain pixels too: a quarter counts as certain.
        trust = _three_channels(np.minimum(1, 4 * weight))
        filled = np.asarray(coarser + trust * (_mean(total, weight) - coarser), np.float32)
    return np.clip(filled, 0, 255)


def _mean(total: Colors, weight: NDArray[np.float32]) -> Colors:
    """Return mean colours (H, W, 3) from weighted sums (H, W, 3) and their weights (H, W)."""
    return total.reshape(*weight.shape, 3) / _three_channels(np.maximum(weight, 1e-6))


def _three_channels(plane: NDArray[np.float32]) -> Colors:
    """Copy (H, W) to (H, W, 3): NumPy broadcasts slowly over such a short last axis."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)
