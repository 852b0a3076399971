"""What is known of a file before its pixels are decoded: format, size, orientation, resolution."""

import math
import struct
from dataclasses import dataclass, field
from io import BytesIO

import pi_heif
from PIL import ExifTags, Image

from gateway.errors import BadImage, TooManyPixels

Image.MAX_IMAGE_PIXELS = None  # read() has its own limit, which answers better
pi_heif.register_heif_opener(thumbnails=False)
pi_heif.options.DECODE_THREADS = 1  # requests run side by side already

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""What Pillow may try, by content. The first picture of an animation or a set is taken."""

JPEGS = ("JPEG", "MPO")
"""What Pillow calls a JPEG; MPO has more pictures behind the first, as many phones write."""

READABLE = "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC"

BROKEN = (
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
    AssertionError,  # Pillow, of a palette image without its palette
)
"""What the decoders raise for files that are cut short or damaged."""

MAX_SCANS, MAX_SCANNED_PIXELS = 200, 2_000_000_000
"""Of a progressive JPEG. Real ones have about ten scans; each costs a pass over all pixels, so a
small file of thousands would keep a core busy for hours."""


@dataclass(frozen=True)
class Header:
    """An image that was opened and not yet decoded."""

    image: Image.Image
    data: bytes = field(repr=False)
    orientation: int
    """EXIF tag 0x0112: 1 is upright; 5 to 8 lie on their side."""

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
        """Dots per inch across and down; None when the file says none that make sense."""
        try:
            across, down = (float(value) for value in self.image.info["dpi"])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None
        sound = all(math.isfinite(value) and 1 < value < 65535 for value in (across, down))
        turned = (down, across) if self.orientation >= 5 else (across, down)
        return turned if sound else None


def read(data: bytes, *, max_pixels: int) -> Header:
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
    if not image.width * image.height:
        raise BadImage("The image has no pixels.")
    opened = Header(image, data, _orientation(image))
    # In entropy-coded data a 0xFF is never followed by 0xDA: each hit is a scan's start.
    scans = data.count(b"\xff\xda") if image.format in JPEGS else 0
    if scans > MAX_SCANS or scans * opened.pixels > MAX_SCANNED_PIXELS:
        raise BadImage("The JPEG has too many scans. Save it anew.")
    return opened


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":
        return 1  # Pillow turns these itself
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1  # Pillow would decode all pixels to look for EXIF behind them
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except BROKEN:
        return 1  # broken EXIF beside good pixels
    return orientation if orientation in range(1, 9) else 1
