"""The soft pixels of an alpha, in chunks, and their positions on maps of estimates.

What is estimated for soft pixels varies slowly, so it is estimated everywhere on small maps, and
interpolated at soft pixels only: at 12 megapixels they are a few percent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images import matte
from gateway.images.matte import Alpha

MAP_SIDE = 512
"""Side of the maps: half the model's input. Larger maps are no better."""
CHUNK_PIXELS = 30_000
"""Pixels processed at once: they fit the cache, limit memory when a whole picture is soft, and
stay below the 32767 rows that OpenCV's remap accepts."""

SAMPLED_SIDE = 1024
"""A large alpha is sampled to this side before it is averaged: at 12 megapixels, averaging all of
it would take longer than the rest."""

T = TypeVar("T", np.uint8, np.float32)


@dataclass(frozen=True)
class Chunk:
    """Some soft pixels."""

    indices: NDArray[np.intp]
    """(N,), into the flattened picture."""
    x: NDArray[np.float32]
    """(N,), the column on a map of side MAP_SIDE."""
    y: NDArray[np.float32]
    """(N,), the row."""

    def sample(self, map_: NDArray[T]) -> NDArray[T]:
        """Return the values (N, C) of a map (MAP_SIDE, MAP_SIDE, C), bilinearly interpolated."""
        found = cv2.remap(map_, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, map_.dtype).reshape(self.indices.size, -1)


def shrink_image(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the model's input as a map, (MAP_SIDE, MAP_SIDE, 3), 0 to 255."""
    small = cv2.resize(image, (MAP_SIDE, MAP_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def shrink_alpha(alpha: Alpha) -> NDArray[np.float32]:
    """Return an alpha of any size as a map, (MAP_SIDE, MAP_SIDE), 0 to 1."""
    sampled = alpha
    if min(alpha.shape) >= 2 * SAMPLED_SIDE:
        nearest = cv2.INTER_NEAREST
        sampled = np.asarray(
            cv2.resize(alpha, (SAMPLED_SIDE, SAMPLED_SIDE), interpolation=nearest), np.uint8
        )
    return np.divide(matte.resize(sampled, MAP_SIDE, MAP_SIDE), 255, dtype=np.float32)


def indices(
    alpha: Alpha, low: int, high: int, mixed: NDArray[np.bool_] | None = None
) -> NDArray[np.intp]:
    """Return the flat indices of the pixels with low <= alpha < high.

    Args:
        alpha: (H, W).
        low: 1 or more.
        high: above `low`.
        mixed: (H, W), where a pixel may mix foreground and background; None: everywhere.
    """
    soft = matte.indices_between(alpha, low, high)
    return soft if mixed is None else soft[mixed.reshape(-1)[soft]]


def chunks(soft: NDArray[np.intp], width: int, height: int) -> Iterator[Chunk]:
    """Yield the soft pixels of a picture of this size."""
    for start in range(0, soft.size, CHUNK_PIXELS):
        some = soft[start : start + CHUNK_PIXELS]
        rows = some // width
        yield Chunk(
            some,
            ((some - rows * width).astype(np.float32) + 0.5) * (MAP_SIDE / width) - 0.5,
            (rows.astype(np.float32) + 0.5) * (MAP_SIDE / height) - 0.5,
        )
