"""Lengths, as option texts say them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Length:
    """Pixels, or a percentage of a side."""

    value: float = 0
    percent: bool = False

    def of(self, side: float) -> float:
        """In pixels, for a side of so many."""
        return self.value * side / 100 if self.percent else self.value


def parse(text: str) -> list[Length] | None:
    """Read lengths such as `10px`, `10` or `5%`, with spaces or commas between them.

    Returns:
        None when one of them is none.
    """
    found = [
        re.fullmatch(r"([0-9]{1,5}(?:\.[0-9]{1,6})?)(px|%)?", word)
        for word in text.lower().replace(",", " ").split()
    ]
    return [Length(float(m[1]), m[2] == "%") for m in found if m] if all(found) else None
