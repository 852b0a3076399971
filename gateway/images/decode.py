"""Encoded files to pixels: upright, sRGB, in the size that is wanted."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from gateway.errors import DamagedImage
from gateway.images import color, geometry
from gateway.images.header import BROKEN, JPEGS, Header
from gateway.images.picture import Picture, Pixels
from gateway.options import Region
from serving.cpu_runtime import SIDE

GREY = 128
"""What the model sees behind an image's own transparency: dark and light subjects stand out."""

LEFT_TO_PILLOW = ("extraneous bytes before marker 0xd9", "determine subsampling")
"""What libjpeg-turbo's simple interface refuses in whole files: padding before the end, as some
cameras write it, and rare chroma samplings."""

TURNS: dict[int, Callable[[NDArray[np.uint8]], Any]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What undoes each EXIF orientation."""


def decode(header: Header, size: tuple[int, int], region: Region | None = None) -> Picture:
    """Decode the picture to the (width, height) of the result, at most its own.

    Args:
        header: as read.
        size: of the result.
        region: what the model looks at; None: the whole picture.

    Raises:
        DamagedImage: the file is cut short or damaged, or its channels cannot be shown.
        BadOption: the region is not in the picture.
    """
    shares = region.shares(*header.size) if region else None
    try:
        pixels, opaque = _pixels(header, size)
    except BROKEN as error:
        raise DamagedImage(
            "The image is cut short, damaged or of a kind that is not read."
        ) from error
    orientation = header.orientation
    if shares:  # it is of the upright picture, so that is turned first, at full size
        pixels, orientation = turn(pixels, orientation), 1
    resized = resize(pixels, *(size if orientation < 5 else size[::-1]), opaque=opaque)
    if shares:
        height, width, _ = pixels.shape
        pixels = geometry.cut(pixels, geometry.part(shares, width, height))
    return Picture(
        pixels=turn(resized, orientation),
        opaque=opaque,
        model_input=turn(model_input(pixels, opaque=opaque), orientation),
        dpi=header.dpi,
        seen=geometry.part(shares, *size) if shares else None,
    )


def turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the camera's orientation, EXIF's 1 to 8."""
    if orientation == 1:
        return pixels
    return np.asarray(TURNS[orientation](pixels), np.uint8)


def resize(pixels: Pixels, width: int, height: int, *, opaque: bool) -> Pixels:
    """Shrink, antialiased; pixels already of that size are returned as they are."""
    if pixels.shape[:2] == (height, width):
        return pixels
    if opaque:
        return _shrink(pixels, width, height)
    # Weighted by alpha ("RGBa"), or the hidden colours of transparent pixels bleed into the edges.
    image = Image.fromarray(pixels).convert("RGBa")
    return np.array(image.resize((width, height), Image.Resampling.BOX).convert("RGBA"))


def model_input(pixels: Pixels, *, opaque: bool) -> NDArray[np.uint8]:
    """Squeeze a picture to the model's (1024, 1024, 3)."""
    squeezed = _shrink(pixels, SIDE, SIDE)
    rgb = cv2.cvtColor(squeezed, cv2.COLOR_RGBA2RGB)
    if not opaque:
        alpha = squeezed[..., 3:].astype(np.float32) / 255
        rgb = np.rint(rgb * alpha + GREY * (1 - alpha)).astype(np.uint8)
    return np.asarray(rgb, np.uint8)


def _shrink(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Average areas, by halves first: exact halves have a fast path, which saves half the time.

    An odd last row or column is left out of a halving, a shift of less than 1 in 2000.
    """
    while pixels.shape[0] >= max(2 * height, 2000) and pixels.shape[1] >= max(2 * width, 2000):
        half_height, half_width = pixels.shape[0] // 2, pixels.shape[1] // 2
        even = pixels[: 2 * half_height, : 2 * half_width]
        half = cv2.resize(even, (half_width, half_height), interpolation=cv2.INTER_AREA)
        pixels = np.asarray(half, np.uint8)
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _pixels(header: Header, size: tuple[int, int]) -> tuple[Pixels, bool]:
    image = header.image
    plain_grey = image.mode == "L" and "icc_profile" not in image.info
    if image.format in JPEGS and (image.mode == "RGB" or plain_grey):
        try:
            return _jpeg(header, size), True
        except ValueError as error:
            if not any(reason in str(error) for reason in LEFT_TO_PILLOW):
                raise
    opaque = not image.has_transparency_data
    image.load()
    return color.to_pixels(image), opaque


def _jpeg(header: Header, size: tuple[int, int]) -> Pixels:
    """libjpeg-turbo straight into RGBA: a quarter of Pillow's time, and strict about cut files.

    When the result is much smaller, it decodes at a fraction, but not below the model's input.
    """
    if simplejpeg.decode_jpeg_header(header.data)[:2] != header.image.size[::-1]:
        raise ValueError("two sizes")  # one for each reader: the limit was checked on Pillow's
    width, height = size if header.orientation < 5 else size[::-1]
    pixels = np.asarray(
        simplejpeg.decode_jpeg(
            header.data, "RGBA", min_width=max(width, SIDE), min_height=max(height, SIDE)
        ),
        np.uint8,
    )
    color.to_srgb_in_place(pixels, header.image)
    return pixels
