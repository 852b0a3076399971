"""Synthetic scenes whose true foreground colours are known, to measure edge colours with."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from loadtest.edges import drawings
from serving.photos import PHOTOS

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """A foreground over a background, and a mask like the model's."""

    name: str
    foreground: Image
    """(H, W, 3): the true colours."""
    mixed: Image
    """(H, W, 3): the photo, foreground and background mixed by alpha."""
    mask: Image
    """(1024, 1024)."""
    alpha: Image
    """(H, W): the mask at the photo's size."""

    def error(self, colors: Image) -> float:
        """Return the mean absolute error of (H, W, 3+) colours at soft pixels, 0 to 255."""
        soft = (self.alpha > 0.05 * 255) & (self.alpha < 0.95 * 255)
        difference = colors[..., :3][soft].astype(np.int16) - self.foreground[soft]
        return float(np.abs(difference).mean())


def scenes(width: int, height: int) -> Iterator[Scene]:
    """Yield a ragged disc in two textures and a head of hair, over two saturated backgrounds."""
    ragged, hair = _ragged(width, height), _hair(width, height)
    hair_color = np.full((height, width, 3), (60, 40, 20), np.uint8)
    foregrounds = [
        ("coffee", _enlarged("coffee", width, height), ragged),
        ("astronaut", _enlarged("astronaut", width, height), ragged),
        ("hair", hair_color, hair),
    ]
    for background_name, background in _backgrounds(width, height):
        for name, foreground, coverage in foregrounds:
            yield _scene(f"{name} on {background_name}", foreground, background, coverage)


def _scene(name: str, foreground: Image, background: Image, coverage: Image) -> Scene:
    height, width = coverage.shape
    mask = cv2.resize(coverage, (1024, 1024), interpolation=cv2.INTER_AREA)
    alpha = np.asarray(cv2.resize(mask, (width, height)), np.uint8)
    weight = alpha[..., None].astype(np.float32) / 255
    mixed = np.rint(foreground * weight + background * (1 - weight)).astype(np.uint8)
    return Scene(name, foreground, mixed, np.asarray(mask, np.uint8), alpha)


def _backgrounds(width: int, height: int) -> Iterator[tuple[str, Image]]:
    rows, columns = np.indices((height, width)) * 10 // height
    odd = ((rows + columns) % 2).astype(bool)[..., None]
    yield "magenta and green", np.where(odd, (255, 0, 255), (0, 255, 0)).astype(np.uint8)
    yield "green", np.full((height, width, 3), (0, 200, 0), np.uint8)


def _ragged(width: int, height: int) -> Image:
    edge = height / 150  # 7 pixels of the mask, about as wide as the model's own edges
    depth = drawings.ragged_disc(width, height)
    return np.asarray(np.clip((depth / edge + 0.5) * 255, 0, 255), np.uint8)


def _hair(width: int, height: int) -> Image:
    image = drawings.hair(
        width, height, strands=600, lengths=(0.28, 0.45), thickness=max(1, height // 1000)
    )
    return np.asarray(cv2.GaussianBlur(image, (0, 0), height / 1500), np.uint8)


def _enlarged(name: str, width: int, height: int) -> Image:
    (photo,) = (photo for photo in PHOTOS if photo.name == name)
    large = cv2.resize(photo.pixels(), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)
