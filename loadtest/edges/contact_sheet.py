"""Draws pictures and their alphas side by side, where they differ most."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from loadtest.edges.pairs import Pair

TILE = 320
"""Side of a tile, in pixels; details are shown one to one."""
SHOWN = ("off", "auto", "high")


def draw(rows: list[tuple[Pair, dict[str, NDArray[np.uint8]], float]]) -> Image.Image:
    """Return one row a picture: the whole, a detail, the true alpha, and those of the methods.

    Args:
        rows: pairs, their alphas by method, and the ratio to print.
    """
    sheet = Image.new("RGB", (TILE * (3 + len(SHOWN)), TILE * max(1, len(rows))))
    for number, (pair, alphas, ratio) in enumerate(rows):
        detail = _where_worst(alphas["auto"], pair.alpha)
        whole = Image.fromarray(pair.picture)
        whole.thumbnail((TILE, TILE))
        tiles = [whole, Image.fromarray(pair.picture[detail]), Image.fromarray(pair.alpha[detail])]
        tiles += [Image.fromarray(alphas[name][detail]) for name in SHOWN]
        texts = (f"{pair.name[-40:]}: {ratio:.2f}", "detail", "true alpha", *SHOWN)
        for column, (tile, text) in enumerate(zip(tiles, texts, strict=True)):
            sheet.paste(tile.convert("RGB"), (column * TILE, number * TILE))
            place = (column * TILE + 4, number * TILE + 4)
            ImageDraw.Draw(sheet).text(place, text, "red")
    return sheet


def _where_worst(alpha: NDArray[np.uint8], true: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Return the tile of the largest error."""
    difference = cv2.absdiff(alpha, true).astype(np.float32)
    _, _, _, (x, y) = cv2.minMaxLoc(cv2.blur(difference, (TILE // 2, TILE // 2)))
    top, left = (
        min(max(0, centre - TILE // 2), max(0, side - TILE))
        for centre, side in zip((y, x), true.shape, strict=True)
    )
    return slice(top, top + TILE), slice(left, left + TILE)
