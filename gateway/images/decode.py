"""Decodes files to pixels: upright, sRGB, in the size of the result."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from gateway.errors import DamagedImage
from gateway.images import color, geometry
from gateway.images.header import DECODER_ERRORS, JPEG_FORMATS, Header
from gateway.images.picture import Picture, Pixels
from gateway.options import Region
from serving.manifest import SIDE

GREY = 128
"""Level that the model sees behind an image's own transparency: dark and light subjects both stand
out against it."""

PILLOW_ONLY_ERRORS = ("extraneous bytes before marker 0xd9", "determine subsampling")
"""Errors of libjpeg-turbo's simple interface for valid files, which Pillow then decodes: padding
before the end, which some cameras write, and rare chroma subsamplings."""

UNDO_ORIENTATION: dict[int, Callable[[NDArray[np.uint8]], Any]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""Function that undoes each EXIF orientation."""


def decode(
    header: Header, size: tuple[int, int], region: Region | None = None, side: int = SIDE
) -> Picture:
    """Decode an image to the size of the result.

    Args:
        header: of the image.
        size: (width, height) of the result, at most the image's own.
        region: the part that the model sees; None: everything.
        side: height and width of the model's input.

    Raises:
        DamagedImage: the file is truncated or damaged, or has 32-bit channels.
        BadOption: the region is not inside the image.
    """
    shares = region.shares(*header.size) if region else None
    try:
        pixels, opaque = _pixels(header, size, side)
    except DECODER_ERRORS as error:
        raise DamagedImage(
            "The image is cut short, damaged or of a kind that is not read."
        ) from error
    orientation = header.orientation
    if shares:  # the region refers to the upright image, so turn it first, at full size
        pixels, orientation = make_upright(pixels, orientation), 1
    resized = resize(pixels, *(size if orientation < 5 else size[::-1]), opaque=opaque)
    if shares:
        height, width, _ = pixels.shape
        pixels = geometry.cut(pixels, geometry.frame_of_shares(shares, width, height))

    def small(side: int) -> NDArray[np.uint8]:
        return make_upright(model_input(pixels, side, opaque=opaque), orientation)

    return Picture(
        pixels=make_upright(resized, orientation),
        opaque=opaque,
        model_input=small(side),
        overview=small(SIDE) if side < SIDE else None,
        dpi=header.dpi,
        roi=geometry.frame_of_shares(shares, *size) if shares else None,
    )


def make_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation, 1 to 8."""
    if orientation == 1:
        return pixels
    return np.asarray(UNDO_ORIENTATION[orientation](pixels), np.uint8)


def resize(pixels: Pixels, width: int, height: int, *, opaque: bool) -> Pixels:
    """Shrink with antialiasing; return pixels of that size unchanged."""
    if pixels.shape[:2] == (height, width):
        return pixels
    if opaque:
        return _shrink(pixels, width, height)
    # Premultiplied by alpha ("RGBa"): else hidden colours of transparent pixels bleed into edges.
    image = Image.fromarray(pixels).convert("RGBa")
    return np.array(image.resize((width, height), Image.Resampling.BOX).convert("RGBA"))


def model_input(pixels: Pixels, side: int, *, opaque: bool) -> NDArray[np.uint8]:
    """Resize a picture to the model's input, (side, side, 3) sRGB."""
    resized = _shrink(pixels, side, side)
    rgb = cv2.cvtColor(resized, cv2.COLOR_RGBA2RGB)
    if not opaque:
        alpha = resized[..., 3:].astype(np.float32) / 255
        rgb = np.rint(rgb * alpha + GREY * (1 - alpha)).astype(np.uint8)
    return np.asarray(rgb, np.uint8)


def _shrink(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Shrink by averaging areas, first by exact halves: OpenCV's fast path halves the time.

    A halving drops an odd last row or column, a shift of less than 1 in 2000.
    """
    while pixels.shape[0] >= max(2 * height, 2000) and pixels.shape[1] >= max(2 * width, 2000):
        half_height, half_width = pixels.shape[0] // 2, pixels.shape[1] // 2
        even = pixels[: 2 * half_height, : 2 * half_width]
        half = cv2.resize(even, (half_width, half_height), interpolation=cv2.INTER_AREA)
        pixels = np.asarray(half, np.uint8)
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _pixels(header: Header, size: tuple[int, int], side: int) -> tuple[Pixels, bool]:
    image = header.image
    plain_grey = image.mode == "L" and "icc_profile" not in image.info
    if image.format in JPEG_FORMATS and (image.mode == "RGB" or plain_grey):
        try:
            return _jpeg(header, size, side), True
        except ValueError as error:
            if not any(reason in str(error) for reason in PILLOW_ONLY_ERRORS):
                raise
    opaque = not image.has_transparency_data
    image.load()
    return color.to_pixels(image), opaque


def _jpeg(header: Header, size: tuple[int, int], side: int) -> Pixels:
    """Decode with libjpeg-turbo into RGBA: a quarter of Pillow's time, and truncation is an error.

    For a much smaller result it decodes at a fraction of the size, at least the model's input size.
    """
    if simplejpeg.decode_jpeg_header(header.data)[:2] != header.image.size[::-1]:
        # The pixel limit was checked on the size that Pillow read.
        raise ValueError("Pillow and libjpeg-turbo read different sizes")
    width, height = size if header.orientation < 5 else size[::-1]
    smallest = max(side, SIDE)
    pixels = np.asarray(
        simplejpeg.decode_jpeg(
            header.data, "RGBA", min_width=max(width, smallest), min_height=max(height, smallest)
        ),
        np.uint8,
    )
    color.to_srgb_in_place(pixels, header.image)
    return pixels
