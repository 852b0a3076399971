"""Measured figures, their targets, and a table of both."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """Something that is measured once per round."""

    name: str
    values: Sequence[float]
    """One per round; infinite if it never happened."""
    unit: str
    at_most: float = math.inf
    """Target of the median; infinite for none."""

    @property
    def median(self) -> float:
        """Median of the rounds."""
        return statistics.median(self.values)

    @property
    def missed(self) -> bool:
        """Whether the median exceeds the target."""
        return self.median > self.at_most


def table(title: str, figures: Sequence[Figure]) -> Table:
    """Return a row for each figure, with median, target and every round."""
    rows = Table("", "median", "target", "rounds", title=title)
    for figure in figures:
        colour = "red" if figure.missed else "green"
        target = f"≤ {figure.at_most:g}" if math.isfinite(figure.at_most) else ""
        rows.add_row(
            f"{figure.name}, {figure.unit}",
            f"[{colour}]{figure.median:.4g}[/{colour}]" if target else f"{figure.median:.4g}",
            target,
            ", ".join(f"{value:.4g}" for value in figure.values),
        )
    return rows
