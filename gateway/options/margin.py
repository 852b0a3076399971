"""Room around the subject."""

import re
from dataclasses import dataclass

from gateway.errors import BadOption

MAX_PIXELS, MAX_PERCENT = 500, 50
"""As remove.bg allows on each side."""


@dataclass(frozen=True)
class Length:
    """Pixels of the result, or a percentage of the subject's side."""

    value: float = 0
    percent: bool = False

    def pixels(self, side: int) -> int:
        """In pixels, for a subject with this side; at most half of it, or MAX_PIXELS."""
        return round(min(self.value * side / 100, MAX_PIXELS) if self.percent else self.value)


@dataclass(frozen=True)
class Margin:
    """One length a side."""

    top: Length = Length()
    right: Length = Length()
    bottom: Length = Length()
    left: Length = Length()


def parse(text: str) -> Margin:
    """Read one length for all sides, two for top/bottom and left/right, or four clockwise.

    Raises:
        BadOption: there are others, or one is too long.
    """
    lengths = [_length(word) for word in text.replace(",", " ").split()]
    if len(lengths) not in (1, 2, 4):
        raise BadOption("crop_margin must be 1, 2 or 4 lengths, such as 10px, 5% or 10px 5%.")
    top, right, bottom, left = (lengths * (4 // len(lengths)))[:4]
    return Margin(top, right, bottom, left)


def _length(word: str) -> Length:
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)(px|%)?", word.lower())
    length = Length(float(match[1]), match[2] == "%") if match else None
    most = MAX_PERCENT if length and length.percent else MAX_PIXELS
    if not length or length.value > most:
        raise BadOption(f"crop_margin takes 0px to {MAX_PIXELS}px, or 0% to {MAX_PERCENT}% a side.")
    return length
