"""`make pictures`: the README's pictures, made by the product from real photos."""

import asyncio
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from gateway.images import compose, decode, foreground, header, matte
from gateway.images.picture import Picture
from gateway.models import choose
from gateway.models.cpu import CpuModel
from gateway.models.model import Priority
from gateway.options import Color, Options
from gateway.removal import Remover
from gateway.settings import Settings
from serving.photos import PHOTOS

FOLDER = Path(__file__).parent
PHOTO = FOLDER / "astronaut.jpg"
"""Eileen Collins, by NASA: public domain. The same photo as scikit-image's."""
SQUARE = 16
"""Side of the checkerboard's squares, in pixels."""
CLOSE_UPS: tuple[tuple[str, tuple[int, int, int, int], Color], ...] = (
    ("astronaut", (150, 5, 310, 105), (20, 40, 160, 255)),
    ("flower", (190, 95, 350, 195), (255, 255, 255, 255)),
)
"""Photo, its corner to enlarge (left, top, right, bottom), and the new background."""
ZOOM = 4


async def example(model: CpuModel, remover: Remover) -> Image.Image:
    """The photo, its mask, and its cut-out on a checkerboard."""
    photo = Image.open(PHOTO)
    picture, mask = await segment(model, PHOTO.read_bytes())
    result = await remover.remove(PHOTO.read_bytes(), Options())
    alpha = Image.fromarray(matte.resize(mask, picture.width, picture.height)).convert("RGB")
    board = checkerboard(*photo.size)
    cutout = Image.open(BytesIO(result.data))
    board.paste(cutout, mask=cutout)
    return beside(photo, alpha, board)


async def edges(model: CpuModel) -> Image.Image:
    """Edges on a new background, enlarged: with the colours as they are, and cleaned."""
    rows = []
    for name, corner, color in CLOSE_UPS:
        (photo,) = (photo for photo in PHOTOS if photo.name == name)
        sides = []
        for cleaned, label in ((False, "plain alpha"), (True, "ClearBG")):
            picture, mask = await segment(model, photo.read())
            alpha = matte.resize(mask, picture.width, picture.height)
            picture.pixels[..., 3] = alpha
            if cleaned:
                foreground.clean(picture.pixels, alpha, picture.model_input, mask)
            compose.lay_on(picture.pixels, alpha, color)
            sides.append(close_up(picture, corner, label))
        rows.append(beside(*sides))
    whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
    for number, row in enumerate(rows):
        whole.paste(row, (0, number * row.height))
    return whole


async def segment(model: CpuModel, data: bytes) -> tuple[Picture, NDArray[np.uint8]]:
    """Decode one photo and ask the model for its mask."""
    opened = header.read(data, max_pixels=10**7)
    picture = decode.decode(opened, opened.size)
    inference = await model.infer(picture.model_input, priority=Priority.INTERACTIVE, timeout_s=30)
    return picture, inference.mask


def close_up(picture: Picture, corner: tuple[int, int, int, int], label: str) -> Image.Image:
    """One corner, enlarged and labelled."""
    cut = Image.fromarray(picture.pixels).convert("RGB").crop(corner)
    large = cut.resize((cut.width * ZOOM, cut.height * ZOOM), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(large)
    draw.text((12, 8), label, fill="white", stroke_fill="black", stroke_width=3, font_size=24)
    return large


def beside(*images: Image.Image) -> Image.Image:
    """The images in one row."""
    row = Image.new("RGB", (sum(image.width for image in images), images[0].height))
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width
    return row


def checkerboard(width: int, height: int) -> Image.Image:
    """The usual sign for transparency."""
    rows, columns = np.indices((height, width)) // SQUARE
    return Image.fromarray(np.where((rows + columns) % 2, 204, 255).astype(np.uint8)).convert("RGB")


async def main() -> None:
    """Write docs/example.jpg and docs/edges.jpg."""
    settings = Settings()
    model = await choose.cpu(settings)
    remover = Remover(model, settings)
    (await example(model, remover)).save(FOLDER / "example.jpg", quality=88)
    (await edges(model)).save(FOLDER / "edges.jpg", quality=88)
    await model.close()
    remover.close()


if __name__ == "__main__":
    asyncio.run(main())
