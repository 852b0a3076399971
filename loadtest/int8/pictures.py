"""Pictures of a folder as inputs of the model, and changed ones to calibrate with."""

import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.manifest import SIDE

Image = NDArray[np.uint8]
"""(SIDE, SIDE, 3) sRGB."""

EXPOSURE, TINT = 0.4, 0.15
"""Largest relative change of all channels, and of each by itself."""
SMALLEST_CROP = 0.6


def read(folder: Path) -> Iterator[tuple[str, Image]]:
    """Yield each picture of a folder and its subfolders by its name.

    What is transparent becomes white, as in the service.
    """
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if pixels is not None and pixels.dtype == np.uint8:
            yield (
                str(path.relative_to(folder).with_suffix("")),
                fit(_rgb(np.asarray(pixels, np.uint8))),
            )


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    rgb = pixels[..., 2::-1]
    if pixels.shape[2] == 3:
        return rgb
    alpha = pixels[..., 3:] / 255
    return np.rint(rgb * alpha + 255 * (1 - alpha)).astype(np.uint8)


def fit(rgb: NDArray[np.uint8]) -> Image:
    """Resize to the model's input."""
    smaller = rgb.shape[0] * rgb.shape[1] > SIDE * SIDE
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(rgb), (SIDE, SIDE), interpolation=how)
    return np.asarray(resized, np.uint8)


def changed(image: Image, chance: random.Random) -> Image:
    """Flip, crop and colour a picture by chance."""
    if chance.random() < 0.5:
        image = image[:, ::-1]
    if chance.random() < 0.5:
        size = round(SIDE * chance.uniform(SMALLEST_CROP, 1))
        top, left = (chance.randint(0, SIDE - size) for _ in range(2))
        image = fit(image[top : top + size, left : left + size])
    exposure = chance.uniform(1 - EXPOSURE, 1 + EXPOSURE)
    tint = [exposure * chance.uniform(1 - TINT, 1 + TINT) for _ in range(3)]
    return np.clip(image * np.array(tint, np.float32), 0, 255).astype(np.uint8)
