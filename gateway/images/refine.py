"""Refines the soft edges of an enlarged mask by the picture's own colours, at full size.

The model's edges are blurred: its finest convolutions see 512 pixels a side. Two estimates of a
soft pixel's alpha follow the picture instead:

1. The guided filter's, weighted by how well it explains the mask there (R²).
2. The position of the pixel's colour on the line from an estimated background to an estimated
   foreground, weighted by how far apart the two are, how near the pixel is to the line, and how
   well it agrees with the first.

The constants were chosen by the half of the pictures that `make bench-edges` does not call held
out.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from gateway.images import color_maps, soft_pixels
from gateway.images.guided_filter import GuidedFilter, LinearModel
from gateway.images.matte import Alpha
from gateway.images.picture import Pixels
from gateway.images.soft_pixels import Chunk
from gateway.options import Refine

CONTRAST = 60.0
"""Distance of foreground and background, in levels, at which the line weighs one half."""
RESIDUAL = 10.0
"""Standard deviation of a mixed colour from the line, in levels."""
AGREEMENT = 80.0
"""Standard deviation between the two estimates, in levels of alpha."""
GAIN = 0.8
"""Largest weight of the line's estimate."""
MIN_WEIGHT = 1e-6
"""Where all weights are smaller, alpha stays."""
SOFT = (4, 252)
"""Alpha from the first to below the second is refined. What is nearer to 0 and 255 is noise of the
model: there is much of it, and it is invisible."""
MAX_SOFT_SHARE = 0.25
"""Above this share of soft pixels, the subject itself is translucent or uncertain, and its colours
say little of its alpha: the mask stays as it is. It also limits the time."""


OPAQUE = np.uint32(int.from_bytes(b"\0\0\0\xff", sys.byteorder))
"""Sets the fourth channel of a packed pixel to 255."""
FOUR_ONES = np.ones(4, np.float32)


@dataclass(frozen=True)
class Effort:
    """How much is computed."""

    passes: int
    """Each begins with the alpha of the one before."""
    radii: tuple[int, ...]
    """Of guided filters on the maps, in pixels; their estimates are averaged."""
    exponents: tuple[int, ...]
    """Of colour maps: every foreground is paired with every background."""


EFFORTS = {
    Refine.AUTO: Effort(passes=1, radii=(4,), exponents=(16,)),
    Refine.HIGH: Effort(passes=2, radii=(4, 8), exponents=(4, 16, 64)),
}


def refine(
    alpha: Alpha,
    pixels: Pixels,
    image: NDArray[np.uint8],
    level: Refine = Refine.AUTO,
    mixed: NDArray[np.bool_] | None = None,
) -> None:
    """Refine the soft pixels of an alpha, in place; firm ones stay.

    Args:
        alpha: (H, W), the enlarged mask.
        pixels: (H, W, 4), the picture's colours.
        image: (1024, 1024, 3), the picture as the model sees it.
        level: how much to compute.
        mixed: (H, W), where alpha may change; None: everywhere.
    """
    if level is Refine.OFF:
        return
    soft = soft_pixels.indices(alpha, *SOFT, mixed)
    if not soft.size or soft.size > MAX_SOFT_SHARE * alpha.size:
        return
    effort = EFFORTS[level]
    small = soft_pixels.shrink_image(image)
    filters = [GuidedFilter(small / np.float32(255), radius) for radius in effort.radii]
    for _ in range(effort.passes):
        maps = _estimate(small, filters, soft_pixels.shrink_alpha(alpha), effort)
        _apply(maps, soft, alpha, pixels)


@dataclass(frozen=True)
class _Maps:
    """What one pass looks up for each pixel."""

    models: list[LinearModel]
    foregrounds: list[NDArray[np.uint8]]
    backgrounds: list[NDArray[np.uint8]]


def _estimate(
    image: NDArray[np.float32],
    filters: list[GuidedFilter],
    alpha: NDArray[np.float32],
    effort: Effort,
) -> _Maps:
    colors = [color_maps.estimate(image, alpha, exponent) for exponent in effort.exponents]
    return _Maps(
        [filter_.fit(alpha) for filter_ in filters],
        [foreground for foreground, _ in colors],
        [background for _, background in colors],
    )


def _apply(maps: _Maps, soft: NDArray[np.intp], alpha: Alpha, pixels: Pixels) -> None:
    height, width = alpha.shape
    flat, packed = alpha.reshape(-1), pixels.view(np.uint32).reshape(-1)
    for chunk in soft_pixels.chunks(soft, width, height):
        mixture = (packed[chunk.indices] | OPAQUE).view(np.uint8).reshape(-1, 4).astype(np.float32)
        guided = _guided(chunk, maps.models, mixture, flat[chunk.indices])
        lines = product(_sampled(chunk, maps.foregrounds), _sampled(chunk, maps.backgrounds))
        refined = _on_lines(guided, mixture, lines)
        flat[chunk.indices] = np.rint(np.clip(refined, 0, 255)).astype(np.uint8)


def _guided(
    chunk: Chunk,
    models: list[LinearModel],
    mixture: NDArray[np.float32],
    alpha: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """Return the mean of the filters' alphas, (N,), 0 to 255, each by its fit mixed with alpha."""
    change = np.zeros(alpha.shape, np.float32)
    for model in models:
        coefficients = chunk.sample(model.coefficients)
        guided = _dot(coefficients, mixture)
        change += chunk.sample(model.fit)[:, 0] * (np.clip(guided, 0, 255) - alpha)
    return np.asarray(alpha + change / len(models), np.float32)


def _sampled(chunk: Chunk, maps: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    return [chunk.sample(map_).astype(np.float32) for map_ in maps]


def _on_lines(
    alpha: NDArray[np.float32],
    mixture: NDArray[np.float32],
    lines: Iterable[tuple[NDArray[np.float32], NDArray[np.float32]]],
) -> NDArray[np.float32]:
    """Move alpha (N,) towards the places of colours (N, 4) on lines to foregrounds (N, 4).

    The fourth channel of all colours is 255.

    The places are averaged by their weights, and their mean moves alpha by the mean weight, in
    which large weights count more.
    """
    total, total_squared, moved = (np.zeros(alpha.shape, np.float32) for _ in range(3))
    for foreground, background in lines:
        place, weight = _on_line(alpha, mixture, foreground, background)
        total += weight
        total_squared += weight * weight
        moved += weight * (place - alpha)
    # The mean place minus alpha is moved / total, and the mean weight is total_squared / total.
    share = total_squared / np.maximum(total, MIN_WEIGHT) ** 2
    return np.asarray(alpha + GAIN * share * moved, np.float32)


def _on_line(
    alpha: NDArray[np.float32],
    mixture: NDArray[np.float32],
    foreground: NDArray[np.float32],
    background: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a colour's place on a line, 0 to 255, and its weight, 0 to 1."""
    line, offset = foreground - background, mixture - background
    length = _dot(line, line)
    place = np.clip(_dot(offset, line) / np.maximum(length, 1), 0, 1)
    offset -= place[:, None] * line
    residual = _dot(offset, offset)
    place *= 255
    distance = residual / RESIDUAL**2 + ((place - alpha) / AGREEMENT) ** 2
    weight = length / (length + CONTRAST**2) * np.exp(-distance / 2)
    return np.asarray(place, np.float32), np.asarray(weight, np.float32)


def _dot(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the dot products (N,) of (N, 4): NumPy's own take three times as long."""
    return np.asarray((first * second) @ FOUR_ONES, np.float32)
