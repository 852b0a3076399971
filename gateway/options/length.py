"""Lengths in pixels or percent, for several options."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Length:
    """A number of pixels, or a percentage of a side."""

    value: float = 0
    percent: bool = False

    def of(self, side: float) -> float:
        """Return the length in pixels for a side in pixels."""
        return self.value * side / 100 if self.percent else self.value


def parse(text: str) -> list[Length] | None:
    """Parse lengths such as `10px`, `10` or `5%`, separated by spaces or commas.

    Returns:
        None if one of them is invalid.
    """
    matches = [
        re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]{1,6})?)(px|%)?", word)
        for word in text.lower().replace(",", " ").split()
    ]
    return [Length(float(m[1]), m[2] == "%") for m in matches if m] if all(matches) else None
