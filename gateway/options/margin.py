"""The option `crop_margin`: room around the subject."""

from dataclasses import dataclass

from gateway.errors import BadOption
from gateway.options import length
from gateway.options.length import Length

MAX_PIXELS, MAX_PERCENT = 500, 50
"""Limits of remove.bg for each side."""


@dataclass(frozen=True)
class Margin:
    """A length for each side: pixels of the result, or a percentage of the subject's own side."""

    top: Length = Length()
    right: Length = Length()
    bottom: Length = Length()
    left: Length = Length()


def pixels(side: Length, subject_side: int) -> int:
    """Return one side's margin in pixels; a percentage is limited to MAX_PIXELS too."""
    return round(min(side.of(subject_side), MAX_PIXELS))


def parse(text: str) -> Margin:
    """Parse one length for all sides, two for top/bottom and left/right, or four clockwise.

    Raises:
        BadOption: the number of lengths is wrong, or one is invalid or too long.
    """
    lengths = length.parse(text)
    if not lengths or len(lengths) not in (1, 2, 4):
        raise BadOption(
            "crop_margin",
            "crop_margin must be 1, 2 or 4 lengths, such as 10px, 5% or 10px 5%.",
        )
    if any(side.value > (MAX_PERCENT if side.percent else MAX_PIXELS) for side in lengths):
        raise BadOption(
            "crop_margin",
            f"crop_margin takes 0px to {MAX_PIXELS}px, or 0% to {MAX_PERCENT}% a side.",
        )
    top, right, bottom, left = (lengths * (4 // len(lengths)))[:4]
    return Margin(top, right, bottom, left)
