"""Foreground estimation at soft edges, which removes the tint of the old background.

A soft pixel mixes foreground F and background B: I = alpha F + (1 - alpha) B. If it kept colour I,
a tint of the old background would show on the new one. The estimation has two steps:

1. Estimate F and B everywhere on small maps (`color_maps`).
2. At full size, and for soft pixels only, change F and B as little as possible so that they mix to
   I.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images import color_maps, soft_pixels
from gateway.images.color_maps import CERTAINTY_EXPONENT, Colors
from gateway.images.matte import Alpha
from gateway.images.picture import Pixels
from gateway.images.soft_pixels import MAP_SIDE

NEARLY_OPAQUE = 250
"""From this alpha on the background contributes less than 2 %, and the colour stays unchanged."""
STRIPE_ROWS = 64
"""Rows filled at once, to limit memory."""


def remove_background_tint(
    pixels: Pixels,
    alpha: Alpha,
    image: NDArray[np.uint8],
    mixed: NDArray[np.bool_] | None = None,
) -> None:
    """Replace the colours of soft pixels by estimated foreground colours, in place.

    Args:
        pixels: (H, W, 4); its colours are changed.
        alpha: (H, W), as in `pixels`.
        image: (side, side, 3), the picture as the model sees it, of at least 1024.
        mixed: (H, W), where colours may change; None: everywhere.
    """
    height, width, _ = pixels.shape
    packed = pixels.view(np.uint32).reshape(-1)  # one integer per pixel, for fast indexing
    soft = soft_pixels.indices(alpha, 1, NEARLY_OPAQUE, mixed)
    if not soft.size:
        return
    maps = color_maps.estimate(soft_pixels.shrink_image(image), soft_pixels.shrink_alpha(alpha))
    for chunk in soft_pixels.chunks(soft, width, height):
        foreground, background = (chunk.sample(map_) for map_ in maps)
        mixture = packed[chunk.indices].view(np.uint8).reshape(-1, 4)
        unmixed = unmix(mixture, foreground, background)
        packed[chunk.indices] = unmixed.view(np.uint32).reshape(-1)


def reveal(pixels: Pixels, before: Alpha, after: Alpha) -> None:
    """Give foreground colours to pixels that become visible, in place.

    Where an edge moves outward, the old background would show.

    Args:
        pixels: (H, W, 4), with the colours that belong to `before`.
        before: (H, W), the alpha until now.
        after: (H, W), the alpha from now on.
    """
    height, width = before.shape
    packed = pixels.view(np.uint32).reshape(-1)
    revealed = np.flatnonzero((before == 0) & (after > 0))
    if not revealed.size:
        return
    colors = _spread(pixels, before)
    for chunk in soft_pixels.chunks(revealed, width, height):
        packed[chunk.indices] = chunk.sample(colors).view(np.uint32).reshape(-1)


def fill_transparent(pixels: Pixels, alpha: Alpha) -> None:
    """Fill transparent pixels with nearby foreground colours, in place.

    For formats that store alpha apart from the colours. It removes the old background, and JPEG
    blurs no foreign colour into the edges. The pixels are invisible, so they are not interpolated.

    Args:
        pixels: (H, W, 4).
        alpha: (H, W), as in `pixels`.
    """
    height, width, _ = pixels.shape
    packed, colors = pixels.view(np.uint32)[..., 0], _spread(pixels, alpha).view(np.uint32)[..., 0]
    columns = np.arange(width) * MAP_SIDE // width
    for top in range(0, height, STRIPE_ROWS):
        stripe = slice(top, min(top + STRIPE_ROWS, height))
        rows = np.arange(stripe.start, stripe.stop) * MAP_SIDE // height
        np.copyto(packed[stripe], colors[rows[:, None], columns], where=alpha[stripe] == 0)


def _spread(pixels: Pixels, alpha: Alpha) -> NDArray[np.uint8]:
    """Return a map of the foreground's colours, spread everywhere.

    Returns:
        (MAP_SIDE, MAP_SIDE, 4), with alpha 0.
    """
    rows, columns = (np.arange(MAP_SIDE) * side // MAP_SIDE for side in pixels.shape[:2])
    weight = (alpha[rows[:, None], columns] / np.float32(255)) ** CERTAINTY_EXPONENT
    sampled = pixels[rows[:, None], columns, :3].astype(np.float32)
    spread = cv2.cvtColor(
        color_maps.pull_push(sampled, weight).astype(np.uint8), cv2.COLOR_RGB2RGBA
    )
    spread[..., 3] = 0
    return np.asarray(spread, np.uint8)


def unmix(
    mixed: NDArray[np.uint8], foreground: NDArray[np.uint8], background: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return the foreground colours closest to the estimate that are consistent with the pixels.

    The smallest change of (F, B) that makes alpha F + (1 - alpha) B equal I is a projection:
    F + alpha (I - alpha F - (1 - alpha) B) / s with s = alpha^2 + (1 - alpha)^2. This equals
    (alpha I + (1 - alpha)^2 F - alpha (1 - alpha) B) / s: three factors that depend only on alpha.

    Args:
        mixed: (N, 4) pixels I, with alpha.
        foreground: (N, 4), the estimate of F.
        background: (N, 4), the estimate of B.

    Returns:
        (N, 4), with the alpha of `mixed`.
    """
    # `take` with indices of type uint8 would be ten times slower.
    alpha = mixed[:, 3].astype(np.intp)
    of_mixed, of_foreground, of_background = (
        factors.take(alpha, axis=0) for factors in UNMIX_FACTORS
    )
    unmixed = of_mixed * mixed + of_foreground * foreground - of_background * background
    return np.asarray(np.clip(unmixed + 0.5, 0, 255), np.uint8)


def _unmix_factors() -> tuple[Colors, Colors, Colors]:
    """Return the three factors by alpha, (256, 4) each; the fourth channel keeps alpha."""
    alpha = np.linspace(0, 1, 256, dtype=np.float32)
    rest = 1 - alpha
    scale = alpha**2 + rest**2
    columns = (alpha / scale, rest**2 / scale, alpha * rest / scale)
    of_mixed, of_foreground, of_background = (
        np.repeat(column[:, None], 4, axis=1) for column in columns
    )
    of_mixed[:, 3], of_foreground[:, 3], of_background[:, 3] = 1, 0, 0
    return of_mixed, of_foreground, of_background


UNMIX_FACTORS = _unmix_factors()
