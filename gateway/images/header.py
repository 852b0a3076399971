"""Reads a file's header before its pixels are decoded: format, size, orientation, resolution."""

import math
import struct
from dataclasses import dataclass, field
from io import BytesIO

import pi_heif
from PIL import AvifImagePlugin, ExifTags, Image

from gateway.errors import BadImage, TooManyPixels

Image.MAX_IMAGE_PIXELS = None  # read() has its own limit, with a better message
pi_heif.register_heif_opener(thumbnails=False)
pi_heif.options.DECODE_THREADS = AvifImagePlugin.DEFAULT_MAX_THREADS = 1
"""Requests run in parallel already."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""Formats that Pillow may detect. Of an animation or a set, the first picture is used."""

JPEG_FORMATS = ("JPEG", "MPO")
"""Pillow's names for JPEG; MPO, which many phones write, has more pictures after the first."""

READABLE_FORMATS = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    EOFError,
    OverflowError,
    RuntimeError,
    struct.error,
    AssertionError,  # Pillow raises it for a palette image without its palette
)
"""Exceptions of the decoders for files that are truncated or damaged."""

MAX_SCANS, MAX_SCANNED_PIXELS = 200, 2_000_000_000
"""Limits for a progressive JPEG. Real files have about ten scans. Each scan is a pass over all
pixels, so a small file with thousands of scans could keep a core busy for hours."""


@dataclass(frozen=True)
class Header:
    """An image that is opened but not decoded."""

    image: Image.Image
    data: bytes = field(repr=False)
    orientation: int
    """EXIF tag 0x0112: 1 is upright; 5 to 8 are rotated by 90 degrees."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the upright picture, in pixels."""
        width, height = self.image.size
        return (height, width) if self.orientation >= 5 else (width, height)

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.image.width * self.image.height

    @property
    def dpi(self) -> tuple[float, float] | None:
        """Horizontal and vertical dots per inch, upright; None if missing or implausible."""
        try:
            across, down = (float(value) for value in self.image.info["dpi"])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None
        is_plausible = all(math.isfinite(value) and 1 < value < 65535 for value in (across, down))
        turned = (down, across) if self.orientation >= 5 else (across, down)
        return turned if is_plausible else None


def read(data: bytes, *, max_pixels: int) -> Header:
    """Read a header, and reject an image that is too large before anything is decoded.

    Raises:
        BadImage: the file is empty, no image, or of an unsupported format.
        TooManyPixels: the image has more than `max_pixels`.
    """
    if not data:
        raise BadImage(f"The image is empty. Send a {READABLE_FORMATS} file.")
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except DECODER_ERRORS as error:
        raise BadImage(f"The file is not a readable {READABLE_FORMATS} image.") from error
    if image.width * image.height > max_pixels:
        raise TooManyPixels(
            f"The image has {image.width}x{image.height} pixels; "
            f"send at most {max_pixels / 1e6:g} megapixels."
        )
    if not image.width * image.height:
        raise BadImage("The image has no pixels.")
    opened = Header(image, data, _orientation(image))
    # Entropy-coded data never contains 0xFF 0xDA: each occurrence is the start of a scan.
    scans = data.count(b"\xff\xda") if image.format in JPEG_FORMATS else 0
    if scans > MAX_SCANS or scans * opened.pixels > MAX_SCANNED_PIXELS:
        raise BadImage("The JPEG has too many scans. Save it again.")
    return opened


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":
        return 1  # Pillow rotates TIFF files itself
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1  # getexif() would decode all pixels to look for EXIF data after them
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODER_ERRORS:
        return 1  # damaged EXIF data does not matter if the pixels are intact
    return orientation if orientation in range(1, 9) else 1
