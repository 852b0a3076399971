"""Cut-outs that are drawn here, and filled with the colours of real photos."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loadtest.edges import drawings
from serving.photos import PHOTOS

Image = NDArray[np.uint8]

DRAWINGS: dict[str, Callable[[int, int], Image]] = {
    "hair": lambda width, height: drawings.hair(
        width, height, strands=900, lengths=(0.26, 0.36), thickness=max(1, height // 600)
    ),
    "disc": lambda width, height: (drawings.ragged_disc(width, height) > 0) * np.uint8(255),
    "wheel": drawings.wheel,
    "letters": drawings.letters,
}
"""By name: from width and height to an alpha (H, W)."""


@dataclass(frozen=True)
class Cutout:
    """A foreground with its true alpha."""

    name: str
    colors: Image
    """(H, W, 3) sRGB: the foreground's own colours, also where alpha is below 255."""
    alpha: Image
    """(H, W)."""


def shapes(width: int, height: int) -> Iterator[Cutout]:
    """Yield hair, a ragged disc, a wheel and letters, each in the colours of each photo.

    They are drawn at twice the size: their true edge is one pixel wide.
    """
    for photo in PHOTOS:
        colors = cv2.resize(photo.pixels(), (width, height), interpolation=cv2.INTER_CUBIC)
        for name, draw in DRAWINGS.items():
            large = draw(2 * width, 2 * height)
            alpha = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
            yield Cutout(
                f"{name} of {photo.name}", np.asarray(colors, np.uint8), np.asarray(alpha, np.uint8)
            )


def over(cutout: Cutout, background: Image) -> Image:
    """Return the cut-out over a photo that is scaled until it covers it."""
    height, width = cutout.alpha.shape
    scale = max(height / background.shape[0], width / background.shape[1])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    large = cv2.resize(background, None, fx=scale, fy=scale, interpolation=interpolation)
    large = cv2.resize(large, (max(width, large.shape[1]), max(height, large.shape[0])))
    share = cutout.alpha[..., None].astype(np.float32) / 255
    mixed = cutout.colors * share + large[:height, :width] * (1 - share)
    return np.asarray(np.rint(mixed), np.uint8)
