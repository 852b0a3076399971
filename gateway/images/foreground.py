"""Foreground colours at soft edges, so that nothing of the old background shines through.

A soft pixel mixes foreground F and background B: I = alpha F + (1 - alpha) B. Cutting it out with
colour I carries a tint of the old background onto the new one. Here F and B are first guessed by
spreading the colours of surely-foreground and surely-background pixels into the edge (pull-push:
Gortler, Grzeszczuk, Szeliski, Cohen, "The Lumigraph", SIGGRAPH 1996), on the model's own small
input; then F is moved, at full size and at soft pixels only, to the closest pair that explains I.
`make bench-images` compares it with multi-level estimation (Germer et al. 2020).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images import matte
from gateway.images.matte import Alpha
from gateway.images.picture import Pixels

SIDE = 512
"""Side of the maps of guessed colours: half the model's input. Larger ones are no better."""
SURE = 16
"""Exponent of alpha that says how sure a pixel is: 0.95 counts 0.44, 0.8 counts 0.03."""
LEVELS = 9
"""Halvings of the pyramid: 512 to 1."""
NEARLY_OPAQUE = 250
"""From here on the background shows through by less than 2 %: the colour is left as it is."""
CHUNK = 30_000
"""Soft pixels worked on at once: fits the cache, bounds memory when all of a picture is soft, and
stays below the 32767 rows that OpenCV's remap takes."""

STRIPE_ROWS = 64
"""Filled at once, which bounds memory."""

Colors = NDArray[np.float32]
"""(H, W, 3), 0 to 255."""


def clean(pixels: Pixels, alpha: Alpha, image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> None:
    """Replace the colours of soft pixels by the foreground's own, in place.

    Args:
        pixels: (H, W, 4); colours are written.
        alpha: (H, W), the same as in `pixels`, or 0 where the colours must stay.
        image: (1024, 1024, 3), the picture as the model saw it.
        mask: (1024, 1024), what the model answered.
    """
    height, width, _ = pixels.shape
    words = pixels.view(np.uint32).reshape(-1)
    soft = matte.between(alpha, 1, NEARLY_OPAQUE)
    front, back = guess(image, mask) if soft.size else (image, image)
    for start in range(0, soft.size, CHUNK):
        indices = soft[start : start + CHUNK]
        rows = indices // width
        x = ((indices - rows * width).astype(np.float32) + 0.5) * (SIDE / width) - 0.5
        y = (rows.astype(np.float32) + 0.5) * (SIDE / height) - 0.5
        fronts, backs = (_look_up(colors, x, y) for colors in (front, back))
        mixed = words[indices].view(np.uint8).reshape(-1, 4)
        cleaned = unmix(mixed, fronts, backs)
        words[indices] = cleaned.view(np.uint32).reshape(-1)


def fill(pixels: Pixels, alpha: Alpha) -> None:
    """Give transparent pixels foreground colours from beside them, in place.

    For formats that keep alpha apart from the colours: nothing of the old background is left in
    them, and JPEG blurs nothing foreign into the edges. Nobody sees them: no interpolation.

    Args:
        pixels: (H, W, 4).
        alpha: (H, W), the same as in `pixels`.
    """
    height, width, _ = pixels.shape
    rows, columns = (np.arange(SIDE) * side // SIDE for side in (height, width))
    weight = (alpha[rows[:, None], columns] / np.float32(255)) ** SURE
    sampled = pixels[rows[:, None], columns, :3].astype(np.float32)
    front = cv2.cvtColor(spread(sampled, weight).astype(np.uint8), cv2.COLOR_RGB2RGBA)
    front[..., 3] = 0
    words, colors = pixels.view(np.uint32)[..., 0], front.view(np.uint32)[..., 0]
    columns = np.arange(width) * SIDE // width
    for top in range(0, height, STRIPE_ROWS):
        stripe = slice(top, min(top + STRIPE_ROWS, height))
        rows = np.arange(stripe.start, stripe.stop) * SIDE // height
        np.copyto(words[stripe], colors[rows[:, None], columns], where=alpha[stripe] == 0)


def guess(
    image: NDArray[np.uint8], mask: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Guess foreground and background everywhere: two (512, 512, 4) maps, the fourth unused."""
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    alpha = cv2.resize(mask, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    front, back = (
        cv2.cvtColor(spread(small, np.power(sure, SURE)).astype(np.uint8), cv2.COLOR_RGB2RGBA)
        for sure in (alpha, 1 - alpha)
    )
    return np.asarray(front, np.uint8), np.asarray(back, np.uint8)


def spread(colors: Colors, weight: NDArray[np.float32]) -> Colors:
    """Fill colours where their weight (H, W, 0 to 1) is low from where it is high."""
    total, pulled = colors * _thrice(weight), []
    for _ in range(LEVELS):
        pulled.append((total, weight))
        total, weight = (np.asarray(cv2.pyrDown(x), np.float32) for x in (total, weight))
    filled = _mean(total, weight)
    for total, weight in reversed(pulled):
        height, width = weight.shape
        above = cv2.pyrUp(filled, dstsize=(width, height))
        # Blurred weights are small near the sure pixels: a quarter is trust enough.
        trust = _thrice(np.minimum(1, 4 * weight))
        filled = np.asarray(above + trust * (_mean(total, weight) - above), np.float32)
    return np.clip(filled, 0, 255)


def unmix(
    mixed: NDArray[np.uint8], front: NDArray[np.uint8], back: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The foreground colours nearest to `front` that explain the mixed pixels.

    The least change of (F, B) that makes alpha F + (1 - alpha) B equal I is a projection:
    F + alpha (I - alpha F - (1 - alpha) B) / s with s = alpha^2 + (1 - alpha)^2, which is
    (alpha I + (1 - alpha)^2 F - alpha (1 - alpha) B) / s: three factors, looked up by alpha.

    Args:
        mixed: (N, 4) pixels with their alpha, which stays.
        front: (N, 4) guessed foreground.
        back: (N, 4) guessed background.

    Returns:
        (N, 4).
    """
    alpha = mixed[:, 3].astype(
        np.intp
    )  # as NumPy looks up by; from uint8 it takes ten times longer
    of_mixed, of_front, of_back = (factors.take(alpha, axis=0) for factors in FACTORS)
    moved = of_mixed * mixed + of_front * front - of_back * back
    return np.asarray(np.clip(moved + 0.5, 0, 255), np.uint8)


def _factors() -> tuple[Colors, Colors, Colors]:
    """The three factors by alpha, (256, 4) each; the fourth channel passes alpha through."""
    alpha = np.linspace(0, 1, 256, dtype=np.float32)
    rest = 1 - alpha
    scale = alpha**2 + rest**2
    columns = (alpha / scale, rest**2 / scale, alpha * rest / scale)
    of_mixed, of_front, of_back = (np.repeat(column[:, None], 4, axis=1) for column in columns)
    of_mixed[:, 3], of_front[:, 3], of_back[:, 3] = 1, 0, 0
    return of_mixed, of_front, of_back


FACTORS = _factors()


def _look_up(
    colors: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """Colours (N, 4) of a map (H, W, 4) at N points, bilinearly."""
    found = cv2.remap(colors, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.uint8).reshape(-1, 4)


def _mean(total: Colors, weight: NDArray[np.float32]) -> Colors:
    """Mean colours (H, W, 3) from weighted sums (H, W, 3) and their weights (H, W)."""
    return total.reshape(*weight.shape, 3) / _thrice(np.maximum(weight, 1e-6))


def _thrice(plane: NDArray[np.float32]) -> Colors:
    """(H, W) to (H, W, 3): NumPy would be slow to broadcast over so short an axis."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)
