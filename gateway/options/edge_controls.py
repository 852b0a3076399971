"""The options `invert`, `threshold`, `smooth`, `expand` and `feather`, which change edges."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import BadOption
from gateway.options import length
from gateway.options.length import Length
from gateway.options.scalars import flag, percentage

MAX_PIXELS, MAX_PERCENT = 100, 5
"""Limits of each length: wider ones no longer change an edge but the whole subject."""


@dataclass(frozen=True)
class EdgeControls:
    """Changes to the finished alpha, in the order in which they are applied.

    Lengths are pixels of the result before it is cropped, or percent of its longer side.
    """

    invert: bool = False
    """Keep the background instead of the foreground."""
    threshold: float = 0
    """Alpha from this share on becomes opaque, and below it transparent; 0 is off."""
    smooth: Length = Length()
    """How far jagged contours are rounded."""
    expand: Length = Length()
    """How far the edge moves outward; inward if negative."""
    feather: Length = Length()
    """How far the edge fades to each side."""

    @property
    def changes_alpha(self) -> bool:
        """Whether any of them is set, `invert` excepted."""
        lengths = (self.smooth, self.expand, self.feather)
        return self.threshold > 0 or any(length.value for length in lengths)


UNCHANGED = EdgeControls()


def parse(given: Mapping[str, str]) -> EdgeControls:
    """Parse the edge controls among the fields.

    Raises:
        BadOption: a value is invalid.
    """
    return EdgeControls(
        invert=flag("invert", given.get("invert", "false")),
        threshold=percentage("threshold", given.get("threshold", "0")),
        smooth=_length("smooth", given.get("smooth", "0")),
        expand=_signed_length("expand", given.get("expand", "0")),
        feather=_length("feather", given.get("feather", "0")),
    )


def _length(name: str, text: str, lowest: str = "0px") -> Length:
    lengths = length.parse(text) or []
    if len(lengths) != 1 or lengths[0].value > (MAX_PERCENT if lengths[0].percent else MAX_PIXELS):
        raise BadOption(
            name,
            f"{name} must be a length, {lowest} to {MAX_PIXELS}px, or up to {MAX_PERCENT}% of the "
            "result's longer side.",
        )
    return lengths[0]


def _signed_length(name: str, text: str) -> Length:
    sign = -1 if text.startswith("-") else 1
    digits = text[1:] if text.startswith(("+", "-")) else text
    absolute = _length(name, digits, lowest=f"-{MAX_PIXELS}px")
    return Length(sign * absolute.value, absolute.percent)
