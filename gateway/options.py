"""What a caller may ask of a removal: one dataclass, one parser, for every transport."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import BadOption


class Format(StrEnum):
    """The format of the result."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        """As the Content-Type header says it."""
        return "image/jpeg" if self is Format.JPG else f"image/{self.value}"


@dataclass(frozen=True)
class Size:
    """A box, in pixels, that the result must fit in. It turns with the image's orientation."""

    long: int
    short: int

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) of the result: within the box, proportions kept, never enlarged."""
        box = (self.long, self.short) if width >= height else (self.short, self.long)
        scale = min(1.0, box[0] / width, box[1] / height)
        return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True)
class Area:
    """How many pixels the result may have."""

    max_pixels: int

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) of the result: proportions kept, never enlarged."""
        scale = min(1.0, math.sqrt(self.max_pixels / (width * height)))
        shrunk = (max(1, round(width * scale)), max(1, round(height * scale)))
        # A side cannot shrink below 1: the other one shrinks instead.
        return min(shrunk[0], self.max_pixels // shrunk[1]), min(shrunk[1], self.max_pixels)


SIZES: dict[str, Size | Area | None] = {
    "original": None,
    "preview": Area(250_000),
    "720p": Size(1280, 720),
    "1080p": Size(1920, 1080),
    "1440p": Size(2560, 1440),
    "4k": Size(3840, 2160),
    "8k": Size(7680, 4320),
}
"""The named sizes: a quarter of a megapixel, and the usual video resolutions."""

Color = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255."""

WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Options:
    """One request's options, valid by construction when `parse` made them."""

    size: Size | Area | None = None
    """None keeps the original size."""
    format: Format = Format.PNG
    bg_color: Color | None = None
    """None leaves the background transparent, where the format can."""

    def result_size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) of the result for a picture of this one."""
        return self.size.fit(width, height) if self.size else (width, height)

    @property
    def background(self) -> Color | None:
        """What lies behind the foreground; JPEG has no transparency, so there it lies on white."""
        *color, alpha = self.bg_color or (0, 0, 0, 0)
        if self.format is not Format.JPG:
            return self.bg_color if alpha else None
        red, green, blue = (
            round((c * alpha + white * (255 - alpha)) / 255)
            for c, white in zip(color, WHITE, strict=True)
        )
        return red, green, blue, 255


def parse(fields: Mapping[str, str]) -> Options:
    """Read the options from a form's, a call's or a command line's text fields.

    Unknown fields are ignored, and empty ones count as not sent.

    Raises:
        BadOption: naming the field and its allowed values.
    """
    return Options(
        size=_size(fields.get("size") or "original"),
        format=_format(fields.get("format") or "png"),
        bg_color=_color(fields["bg_color"]) if fields.get("bg_color") else None,
    )


def _size(text: str) -> Size | Area | None:
    name = text.strip().lower()
    if name in SIZES:
        return SIZES[name]
    if match := re.fullmatch(r"(\d{1,5})x(\d{1,5})", name):
        sides = sorted((int(match[1]), int(match[2])))
        if sides[0] > 0:
            return Size(long=sides[1], short=sides[0])
    raise BadOption(f"size must be one of {', '.join(SIZES)}, or WIDTHxHEIGHT such as 800x600.")


def _format(text: str) -> Format:
    name = text.strip().lower()
    if name == "jpeg":
        return Format.JPG
    try:
        return Format(name)
    except ValueError as error:
        raise BadOption(f"format must be one of {', '.join(Format)}.") from error


def _color(text: str) -> Color:
    digits = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}", digits):
        raise BadOption("bg_color must be a hex code such as #FFFFFF, #FFF or #FFFFFF80.")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return red, green, blue, alpha
