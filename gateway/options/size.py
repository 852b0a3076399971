"""The option `size`: the largest size of the result."""

import math
import re
from dataclasses import dataclass

from gateway.errors import BadOption


@dataclass(frozen=True)
class Size:
    """A box in pixels that the result must fit into, rotated to the image's orientation."""

    long: int
    short: int

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) of the result: inside the box, in proportion, not enlarged."""
        box = (self.long, self.short) if width >= height else (self.short, self.long)
        scale = min(1.0, box[0] / width, box[1] / height)
        return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True)
class Area:
    """The largest number of pixels of the result."""

    max_pixels: int

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) of the result: in proportion, never enlarged."""
        scale = min(1.0, math.sqrt(self.max_pixels / (width * height)))
        shrunk = (max(1, round(width * scale)), max(1, round(height * scale)))
        # A side cannot become shorter than 1 pixel: the other one becomes shorter instead.
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


def parse(text: str) -> Size | Area | None:
    """Parse a named size, WIDTHxHEIGHT, or megapixels such as 10MP; None is the original size.

    Raises:
        BadOption: the text is none of them.
    """
    name = text.strip().lower()
    if name in SIZES:
        return SIZES[name]
    if match := re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", name):
        sides = sorted((int(match[1]), int(match[2])))
        if sides[0] > 0:
            return Size(long=sides[1], short=sides[0])
    if match := re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)mp", name):
        if max_pixels := round(float(match[1]) * 1_000_000):
            return Area(max_pixels)
    raise BadOption(
        "size",
        f"size must be one of {', '.join(SIZES)}, WIDTHxHEIGHT such as 800x600, or megapixels such "
        "as 2.5MP.",
    )
