"""`make picture`: the README's picture, made by the product from a real photo."""

import asyncio
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from gateway import server
from gateway.images import decode, header, matte
from gateway.models.model import Priority
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings

FOLDER = Path(__file__).parent
PHOTO = FOLDER / "astronaut.jpg"
"""Eileen Collins, by NASA: public domain. The same photo as scikit-image's."""
SQUARE = 16
"""Side of the checkerboard's squares, in pixels."""


async def panels() -> list[Image.Image]:
    """The photo, its mask, and its cut-out on a checkerboard."""
    settings = Settings()
    model = await server.load(settings)
    remover = Remover(model, settings)
    photo = Image.open(PHOTO)
    result = await remover.remove(PHOTO.read_bytes(), Options())
    picture = decode.decode(header.read(PHOTO.read_bytes(), max_pixels=10**6), photo.size)
    inference = await model.infer(picture.model_input, priority=Priority.INTERACTIVE, timeout_s=30)
    await model.close()
    remover.close()
    mask = Image.fromarray(matte.resize(inference.mask, *photo.size)).convert("RGB")
    board = checkerboard(*photo.size)
    cutout = Image.open(BytesIO(result.data))
    board.paste(cutout, mask=cutout)
    return [photo, mask, board]


def checkerboard(width: int, height: int) -> Image.Image:
    """The usual sign for transparency."""
    rows, columns = np.indices((height, width)) // SQUARE
    return Image.fromarray(np.where((rows + columns) % 2, 204, 255).astype(np.uint8)).convert("RGB")


def main() -> None:
    """Write docs/example.jpg."""
    images = asyncio.run(panels())
    side_by_side = Image.new("RGB", (sum(i.width for i in images), images[0].height))
    left = 0
    for image in images:
        side_by_side.paste(image, (left, 0))
        left += image.width
    side_by_side.save(FOLDER / "example.jpg", quality=88)


if __name__ == "__main__":
    main()
