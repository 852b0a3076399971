"""Draws what the options of docs/editing.md do, on one photo."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from gateway.options import parse
from gateway.removal import Remover

WIDTH = 200
"""Of one picture, in pixels."""
BLUE = "#1440A0"
HALF = "50% 0% 100% 100%"
OPTIONS: tuple[dict[str, str], ...] = (
    {},
    {"invert": "true"},
    {"threshold": "50"},
    {"smooth": "12px"},
    {"expand": "10px"},
    {"expand": "-10px"},
    {"feather": "16px"},
    {"keep": "0% 0% 30% 30%"},
    {"erase": HALF},
    {"trimap": "strokes"},
)
COLUMNS = 5


async def draw(remover: Remover, photo: bytes) -> Image.Image:
    """Return the photo's cut-out with each of OPTIONS, over blue, labelled."""
    tiles = []
    for fields in OPTIONS:
        trimap = strokes() if "trimap" in fields else None
        options = parse({"bg_color": BLUE, **fields})
        result = await remover.remove(photo, options, trimap=trimap)
        tile = Image.open(BytesIO(result.data)).convert("RGB")
        tile = tile.resize((WIDTH, WIDTH * tile.height // tile.width), Image.Resampling.LANCZOS)
        label = " ".join(f"{name}={value}" for name, value in fields.items()) or "no option"
        ImageDraw.Draw(tile).text(
            (6, 4), label, fill="white", stroke_fill="black", stroke_width=2, font_size=13
        )
        tiles.append(tile)
    height = tiles[0].height
    whole = Image.new("RGB", (COLUMNS * WIDTH, -(-len(tiles) // COLUMNS) * height))
    for number, tile in enumerate(tiles):
        whole.paste(tile, (number % COLUMNS * WIDTH, number // COLUMNS * height))
    return whole


def strokes() -> bytes:
    """Return a trimap as somebody would paint it: black and white lines on a transparent layer."""
    layer = Image.fromarray(np.zeros((512, 512, 4), np.uint8))
    draw = ImageDraw.Draw(layer)
    draw.line((40, 60, 150, 200), fill=(255, 255, 255, 255), width=30)
    draw.line((250, 300, 400, 500), fill=(0, 0, 0, 255), width=30)
    file = BytesIO()
    layer.save(file, "PNG")
    return file.getvalue()
