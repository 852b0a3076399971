"""Small pictures of results, for lists."""

from io import BytesIO

from PIL import Image

from gateway.errors import DamagedImage
from gateway.images.header import DECODER_ERRORS, Header

SIDE = 192
"""Longest side in pixels: sharp at 96 CSS pixels on a screen of double density."""
QUALITY = 80
"""Of WebP: a few kilobytes each, so that a page of 50 stays small."""


def encode(header: Header) -> bytes:
    """Return an image as WebP of at most SIDE x SIDE pixels; its transparency stays.

    Args:
        header: of a result of ours, so it is upright and sRGB.

    Raises:
        DamagedImage: the file is truncated or damaged.
    """
    image, file = header.image, BytesIO()
    try:
        image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        has_alpha = image.has_transparency_data
        image.convert("RGBA" if has_alpha else "RGB").save(file, "WEBP", quality=QUALITY)
    except DECODER_ERRORS as error:
        raise DamagedImage("The image is cut short or damaged.") from error
    return file.getvalue()
