"""Ways from the model's mask to an alpha at full size, ours and rembg's."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pymatting import estimate_alpha_cf

from gateway.images import matte, refine
from gateway.options import Refine

Pixels = NDArray[np.uint8]
Method = Callable[[Pixels, Pixels, Pixels], Pixels]
"""From a picture (H, W, 3), the model's input and its mask to an alpha (H, W)."""

FOREGROUND_THRESHOLD, BACKGROUND_THRESHOLD, EROSION = 240, 10, 10
"""Defaults of rembg's alpha matting."""


def refined(level: Refine) -> Method:
    """Return this service's method."""

    def method(picture: Pixels, image: Pixels, mask: Pixels) -> Pixels:
        height, width, _ = picture.shape
        alpha = matte.resize(mask, width, height)
        pixels = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8)
        refine.refine(alpha, pixels, image, level)
        return alpha

    return method


def rembg(picture: Pixels, image: Pixels, mask: Pixels) -> Pixels:
    """Return rembg's alpha: the mask stretched to 0 to 255, and enlarged by Lanczos."""
    levels = mask.astype(np.float32)
    stretched = (levels - levels.min()) / max(1.0, float(levels.max() - levels.min()))
    size = (picture.shape[1], picture.shape[0])
    large = Image.fromarray(np.rint(stretched * 255).astype(np.uint8)).resize(
        size, Image.Resampling.LANCZOS
    )
    return np.asarray(large)


def rembg_matting(picture: Pixels, image: Pixels, mask: Pixels) -> Pixels:
    """Return rembg's alpha with `-a`: closed-form matting between eroded certain areas."""
    alpha = rembg(picture, image, mask)
    kernel = np.ones((3, 3), np.uint8)
    areas = ((alpha > FOREGROUND_THRESHOLD, 0), (alpha < BACKGROUND_THRESHOLD, 1))
    certain = [
        cv2.erode(area.astype(np.uint8), kernel, iterations=EROSION // 2, borderValue=beyond)
        for area, beyond in areas
    ]
    trimap = np.select([certain[0] > 0, certain[1] > 0], [1.0, 0.0], 0.5)
    found = estimate_alpha_cf(picture / 255, trimap)
    return np.asarray(np.rint(np.clip(found, 0, 1) * 255), np.uint8)


METHODS: dict[str, Method] = {
    "off": refined(Refine.OFF),
    "auto": refined(Refine.AUTO),
    "high": refined(Refine.HIGH),
    "rembg": rembg,
    "rembg -a": rembg_matting,
}
