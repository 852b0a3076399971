"""Encodes pixels as PNG, JPEG, WebP or ZIP."""

import struct
import zipfile
from io import BytesIO

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import ExifTags, Image

from gateway.errors import BadOption
from gateway.images import png
from gateway.images.picture import Pixels
from gateway.options import Format

QUALITY = 90
"""Of JPEG and WebP: artefacts are no longer visible; the usual choice of image services."""

MAX_SIDE = {Format.JPG: 65_500, Format.WEBP: 16_383, Format.ZIP: 65_500}
"""Longest side in pixels that each format can store; PNG has no limit here."""

COLOR, ALPHA = "color.jpg", "alpha.png"
"""The files of a ZIP."""

Dpi = tuple[float, float] | None


def check_side(format_: Format, width: int, height: int) -> None:
    """Reject a result that its format cannot store, before any work is done on it.

    Raises:
        BadOption: a side is too long.
    """
    longest = MAX_SIDE.get(format_)
    if longest and max(width, height) > longest:
        raise BadOption(
            "format",
            f"format {format_} holds at most {longest} pixels a side, and the result would be "
            f"{width}x{height}: choose png or a smaller size.",
            "invalid_dimensions",
        )


def encode(pixels: Pixels, format_: Format, *, opaque: bool, dpi: Dpi = None) -> bytes:
    """Encode (H, W, 4) pixels; leave out alpha if `opaque`."""
    if format_ is Format.PNG:
        return png.encode(pixels, opaque=opaque, dpi=dpi)
    if format_ is Format.JPG:
        return _jpeg(pixels, "RGBX", dpi)
    if format_ is Format.ZIP:
        return _zip(pixels, dpi)
    return _webp(Image.fromarray(pixels).convert("RGB" if opaque else "RGBA"), dpi)


def encode_alpha(pixels: Pixels, format_: Format, *, dpi: Dpi = None) -> bytes:
    """Encode the alpha of (H, W, 4) pixels as a grey picture."""
    alpha = np.ascontiguousarray(pixels[..., 3:])
    if format_ is Format.JPG:
        return _jpeg(alpha, "GRAY", dpi)
    if format_ is Format.WEBP:
        return _webp(Image.fromarray(alpha[..., 0]).convert("RGB"), dpi, lossless=True)
    return png.encode(alpha, dpi=dpi)


def _zip(pixels: Pixels, dpi: Dpi) -> bytes:
    """Store colours as JPEG and alpha as PNG, which the client combines: a fraction of a PNG."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # stored: both files are compressed already
        parts = {
            COLOR: _jpeg(pixels, "RGBX", dpi),
            ALPHA: encode_alpha(pixels, Format.PNG),
        }
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return file.getvalue()


def _jpeg(pixels: NDArray[np.uint8], colorspace: str, dpi: Dpi) -> bytes:
    encoded: bytes = simplejpeg.encode_jpeg(
        pixels,
        quality=QUALITY,
        colorspace=colorspace,
        colorsubsampling="Gray" if colorspace == "GRAY" else "444",
    )
    if not dpi:
        return encoded
    # libjpeg-turbo writes a JFIF header: bytes 13 to 17 are unit (1: per inch) and densities.
    return encoded[:13] + struct.pack(">BHH", 1, *map(round, dpi)) + encoded[18:]


def _webp(image: Image.Image, dpi: Dpi, *, lossless: bool = False) -> bytes:
    exif = Image.Exif()
    if dpi:
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = dpi
        exif[ExifTags.Base.ResolutionUnit] = 2  # per inch
    # Method 0 takes a third of the default's time, and its files are a few per cent larger. Some
    # large, noisy pictures overflow libwebp's partitions with it; slower methods can store them.
    for method in (0, 2, 4):
        file = BytesIO()
        try:
            image.save(
                file,
                "WEBP",
                quality=QUALITY,
                method=method,
                exif=exif if dpi else b"",
                lossless=lossless,
            )
        except ValueError:
            continue
        return file.getvalue()
    raise BadOption("format", "format webp cannot hold this picture: choose png or a smaller size.")
