"""Pixels to encoded files."""

import struct
from io import BytesIO

import simplejpeg
from PIL import ExifTags, Image

from gateway.errors import BadOption
from gateway.images import png
from gateway.images.picture import Pixels
from gateway.options import Format

QUALITY = 90
"""Of JPEG and WebP: where artefacts stop being seen; the usual choice of image services."""

MAX_SIDE = {Format.JPG: 65_500, Format.WEBP: 16_383}
"""Pixels a side that the formats can hold. PNG holds any."""

Dpi = tuple[float, float] | None


def check_side(format_: Format, width: int, height: int) -> None:
    """Refuse a result that its format cannot hold, before any work is done on it.

    Raises:
        BadOption: naming what would fit.
    """
    longest = MAX_SIDE.get(format_)
    if longest and max(width, height) > longest:
        raise BadOption(
            f"format {format_} holds at most {longest} pixels a side, and the result would be "
            f"{width}x{height}: choose png or a smaller size."
        )


def encode(pixels: Pixels, format_: Format, *, opaque: bool, dpi: Dpi = None) -> bytes:
    """Encode (H, W, 4) pixels; `opaque` says that alpha is 255 everywhere, or to be ignored."""
    if format_ is Format.PNG:
        return png.encode(pixels, opaque=opaque, dpi=dpi)
    if format_ is Format.JPG:
        return _jpeg(pixels, dpi)
    return _webp(pixels, opaque, dpi)


def _jpeg(pixels: Pixels, dpi: Dpi) -> bytes:
    encoded: bytes = simplejpeg.encode_jpeg(
        pixels, quality=QUALITY, colorspace="RGBX", colorsubsampling="444"
    )
    if not dpi:
        return encoded
    # libjpeg-turbo begins with a JFIF header: unit (1: per inch) and densities are bytes 13 to 17.
    return encoded[:13] + struct.pack(">BHH", 1, *map(round, dpi)) + encoded[18:]


def _webp(pixels: Pixels, opaque: bool, dpi: Dpi) -> bytes:
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    if dpi:
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = dpi
        exif[ExifTags.Base.ResolutionUnit] = 2  # per inch
    image = image.convert("RGB") if opaque else image
    # Method 0 is a third of the default's time for files a few per cent larger; some large, noisy
    # pictures overflow libwebp's partitions with it, and the slower methods fit them in.
    for method in (0, 2, 4):
        file = BytesIO()
        try:
            image.save(file, "WEBP", quality=QUALITY, method=method, exif=exif if dpi else b"")
        except ValueError:
            continue
        return file.getvalue()
    raise BadOption("format webp cannot hold this picture: choose png or a smaller size.")
