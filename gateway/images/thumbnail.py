"""Small pictures of results, for lists."""

import zipfile
from io import BytesIO

from PIL import Image

from gateway.errors import DamagedImage
from gateway.images import header
from gateway.images.encode import ALPHA, COLOR
from gateway.images.header import DECODER_ERRORS, Header

SIDE = 192
"""Longest side in pixels: sharp at 96 CSS pixels on a screen of double density."""
QUALITY = 80
"""Of WebP: a few kilobytes each, so that a page of 50 stays small."""


def read(data: bytes, *, max_pixels: int) -> list[Header]:
    """Read the header of a result of ours, or of a ZIP those of the pictures that show it.

    These are colours and alpha of the format `zip`, or of several variants the first one.

    Raises:
        BadImage, TooManyPixels: as `header.read` raises them.
        DamagedImage: the ZIP is damaged, or not one of ours.
    """
    while data.startswith(b"PK"):
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                if {COLOR, ALPHA} <= set(archive.namelist()):
                    both = [_member(archive, name) for name in (COLOR, ALPHA)]
                    return [header.read(each, max_pixels=max_pixels) for each in both]
                data = _member(archive, archive.namelist()[0])
        except (zipfile.BadZipFile, *DECODER_ERRORS) as error:
            raise DamagedImage("The ZIP is cut short or damaged.") from error
    return [header.read(data, max_pixels=max_pixels)]


def encode(pictures: list[Header]) -> bytes:
    """Return a result as WebP of at most SIDE x SIDE pixels; its transparency stays.

    Args:
        pictures: as `read` returns them. Ours are upright and sRGB.

    Raises:
        DamagedImage: a picture is truncated or damaged.
    """
    file = BytesIO()
    try:
        small, *alpha = [_shrunk(each.image) for each in pictures]
        if alpha:
            small.putalpha(alpha[0].convert("L"))
        mode = "RGBA" if small.has_transparency_data else "RGB"
        small.convert(mode).save(file, "WEBP", quality=QUALITY)
    except DECODER_ERRORS as error:
        raise DamagedImage("The image is cut short or damaged.") from error
    return file.getvalue()


def _shrunk(image: Image.Image) -> Image.Image:
    image.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return image


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file of a ZIP, which stores its files as they are: none is larger than the ZIP."""
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile
    return archive.read(name)
