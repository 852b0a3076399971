"""`make pictures`: generate the guide's pictures from real photos, with the service's own core."""

import asyncio
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from docs import editing_pictures
from gateway.images import compose, decode, foreground, header, matte
from gateway.images.picture import Picture
from gateway.models import factory
from gateway.models.model import Model, Priority
from gateway.options import Color, Options
from gateway.removal import Remover
from gateway.settings import Settings
from serving.photos import PHOTOS

FOLDER = Path(__file__).parent
PHOTO = FOLDER / "astronaut.jpg"
"""Eileen Collins, by NASA: public domain. scikit-image has the same photo."""
SQUARE = 16
"""Side of a square of the checkerboard, in pixels."""
CLOSE_UPS: tuple[tuple[str, tuple[int, int, int, int], Color], ...] = (
    ("astronaut", (150, 5, 310, 105), (20, 40, 160, 255)),
    ("flower", (190, 95, 350, 195), (255, 255, 255, 255)),
)
"""Photo, the region to enlarge (left, top, right, bottom), and the new background."""
ZOOM = 4


async def draw_example(model: Model, remover: Remover) -> Image.Image:
    """Return the photo, its alpha, and its cut-out over a checkerboard, in one row."""
    photo = Image.open(PHOTO)
    picture, mask = await segment(model, PHOTO.read_bytes())
    result = await remover.remove(PHOTO.read_bytes(), Options())
    alpha = Image.fromarray(matte.resize(mask, picture.width, picture.height)).convert("RGB")
    board = checkerboard(*photo.size)
    cutout = Image.open(BytesIO(result.data))
    board.paste(cutout, mask=cutout)
    return in_one_row(photo, alpha, board)


async def draw_edges(model: Model) -> Image.Image:
    """Return enlarged edges over a new background, with unchanged and with corrected colours."""
    rows = []
    for name, region, color in CLOSE_UPS:
        (photo,) = (photo for photo in PHOTOS if photo.name == name)
        images = []
        for is_corrected, label in ((False, "plain alpha"), (True, "ClearBG")):
            picture, mask = await segment(model, photo.read())
            alpha = matte.resize(mask, picture.width, picture.height)
            picture.pixels[..., 3] = alpha
            if is_corrected:
                foreground.remove_background_tint(picture.pixels, alpha, picture.model_input)
            compose.composite_over(picture.pixels, alpha, color)
            images.append(close_up(picture, region, label))
        rows.append(in_one_row(*images))
    whole = Image.new("RGB", (rows[0].width, sum(row.height for row in rows)))
    for number, row in enumerate(rows):
        whole.paste(row, (0, number * row.height))
    return whole


async def segment(model: Model, data: bytes) -> tuple[Picture, NDArray[np.uint8]]:
    """Decode a photo, and run the model on it.

    Returns:
        The picture, and its (1024, 1024) mask.
    """
    source = header.read(data, max_pixels=10**7)
    picture = decode.decode(source).picture(source.size)
    async with model.slot(priority=Priority.INTERACTIVE, timeout_s=30) as slot:
        inference = await slot.infer(picture.model_input)
    return picture, inference.mask


def close_up(picture: Picture, region: tuple[int, int, int, int], label: str) -> Image.Image:
    """Return a region, enlarged and labelled."""
    small = Image.fromarray(picture.pixels).convert("RGB").crop(region)
    large = small.resize((small.width * ZOOM, small.height * ZOOM), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(large)
    draw.text((12, 8), label, fill="white", stroke_fill="black", stroke_width=3, font_size=24)
    return large


def in_one_row(*images: Image.Image) -> Image.Image:
    """Return the images in one row."""
    row = Image.new("RGB", (sum(image.width for image in images), images[0].height))
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width
    return row


def checkerboard(width: int, height: int) -> Image.Image:
    """Return a checkerboard, which stands for transparency."""
    rows, columns = np.indices((height, width)) // SQUARE
    return Image.fromarray(np.where((rows + columns) % 2, 204, 255).astype(np.uint8)).convert("RGB")


async def main() -> None:
    """Write docs/example.jpg, docs/edges.jpg and docs/editing.jpg."""
    settings = Settings()
    models = await factory.open_cpu_models(settings)
    model = models.default.model
    remover = Remover(models, settings)
    (await draw_example(model, remover)).save(FOLDER / "example.jpg", quality=88)
    (await draw_edges(model)).save(FOLDER / "edges.jpg", quality=88)
    editing = await editing_pictures.draw(remover, PHOTO.read_bytes())
    editing.save(FOLDER / "editing.jpg", quality=85)
    await models.close()
    remover.close()


if __name__ == "__main__":
    asyncio.run(main())
