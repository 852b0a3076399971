"""Encoded files to pixels, within limits, by content and never by name."""

import struct
from dataclasses import dataclass
from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import ExifTags, Image

from gateway.errors import BadImage, TooManyPixels
from serving.cpu_runtime import SIDE

Image.MAX_IMAGE_PIXELS = None  # read_header() has its own limit, which answers better

FORMATS = ("JPEG", "PNG", "WEBP")
"""What Pillow may try."""

READABLE = "JPEG, PNG or WebP"

Pixels = NDArray[np.uint8]
"""(H, W, 3) sRGB, 0 to 255."""

BROKEN = (OSError, SyntaxError, ValueError, TypeError, IndexError, EOFError, struct.error)
"""What Pillow and libjpeg-turbo raise for files that are cut short or damaged."""


@dataclass(frozen=True)
class Header:
    """What is known of a file before its pixels are decoded."""

    image: Image.Image
    """Opened, not decoded."""
    data: bytes

    @property
    def megapixels(self) -> float:
        """Width times height, in millions."""
        return self.image.width * self.image.height / 1e6


def read_header(data: bytes, *, max_pixels: int) -> Header:
    """Tell what a file is, and refuse it before decoding when it is too large.

    Raises:
        BadImage: it is empty, no image, or of a format that is not read.
        TooManyPixels: its header promises more than `max_pixels`.
    """
    if not data:
        raise BadImage(f"The image is empty. Send a {READABLE} file.")
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except BROKEN as error:
        raise BadImage(f"The file is not a readable {READABLE} image.") from error
    if image.width * image.height > max_pixels:
        raise TooManyPixels(
            f"The image has {image.width}x{image.height} pixels; "
            f"send at most {max_pixels / 1e6:g} megapixels."
        )
    return Header(image, data)


def decode(header: Header) -> Pixels:
    """Decode the pixels, the right way up.

    Raises:
        BadImage: the file is cut short or damaged.
    """
    try:
        orientation = header.image.getexif().get(ExifTags.Base.Orientation, 1)
        return upright(_pixels(header), orientation)
    except BROKEN as error:
        raise BadImage("The image is cut short or damaged.") from error


def model_input(pixels: Pixels) -> Pixels:
    """Squeeze a picture to the model's (1024, 1024, 3).

    Area averaging is antialiased like the reference's filter and costs less than half of it.
    """
    return np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo the camera's orientation (EXIF tag 0x0112, 1 to 8; other values count as 1)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _pixels(header: Header) -> Pixels:
    image = header.image
    # MPO is a JPEG with more pictures behind it, as many phones write.
    if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
        # libjpeg-turbo straight into RGB: a quarter of Pillow's time, and strict about cut files.
        return np.asarray(simplejpeg.decode_jpeg(header.data, "RGB"), np.uint8)
    return np.asarray(image.convert("RGB"))
