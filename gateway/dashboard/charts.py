"""Charts as SVG paths, drawn by the service: no script, and the same in every browser.

The unit is a pixel of a chart that is `WIDTH` wide; the page scales it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 26
"""Margins around the plot: for the numbers at the left, and the times below."""
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
BASE = TOP + PLOT_HEIGHT
MAX_STEPS = 4
"""Most lines of the grid above zero."""
GAP = 0.2
"""Part of a bar's room that stays empty."""
DOT = 6
"""Width of a value without neighbours in a line."""


@dataclass(frozen=True)
class Tick:
    """A mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Values:
    """One series: a value for each bucket; None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Shape:
    """One series as it is drawn."""

    name: str
    path: str


@dataclass(frozen=True)
class Chart:
    """A drawing; `chart.html` puts it on the page."""

    kind: str
    """`bars` or `lines`."""
    shapes: list[Shape]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    is_empty: bool


@dataclass(frozen=True)
class Times:
    """The horizontal axis."""

    starts: range
    """When each bucket begins, in Unix seconds."""
    tick_s: int
    """A mark is where a bucket's start is a multiple of this."""
    label: Callable[[datetime], str]
    """Names a time, in UTC."""

    @property
    def room(self) -> float:
        """How wide a bucket is."""
        return PLOT_WIDTH / len(self.starts)

    def ticks(self) -> list[Tick]:
        """Return the marks, at the middle of their buckets."""
        return [
            Tick(
                round(LEFT + self.room * (number + 0.5), 1),
                self.label(datetime.fromtimestamp(start_s, UTC)),
            )
            for number, start_s in enumerate(self.starts)
            if start_s % self.tick_s == 0
        ]


def bars(times: Times, series: Sequence[Values]) -> Chart:
    """Draw bars, those of several series on top of each other.

    Args:
        times: of the buckets.
        series: from the lowest to the highest.
    """
    columns = zip(*(each.values for each in series), strict=True)
    heights = [sum(value or 0 for value in column) for column in columns]
    scale = _Scale(max(heights, default=0), is_whole=True)
    width = times.room * (1 - GAP)
    below = [0.0] * len(times.starts)
    shapes = []
    for each in series:
        path = []
        for number, value in enumerate(each.values):
            if value:
                left = LEFT + times.room * (number + GAP / 2)
                top, bottom = scale.y(below[number] + value), scale.y(below[number])
                path.append(f"M{left:.1f} {bottom:.1f}V{top:.1f}h{width:.1f}V{bottom:.1f}z")
                below[number] += value
        shapes.append(Shape(each.name, "".join(path)))
    return Chart("bars", shapes, times.ticks(), scale.ticks(), not any(heights))


def lines(times: Times, series: Sequence[Values]) -> Chart:
    """Draw lines, which are interrupted where there is no value; see `bars`."""
    known = [value for each in series for value in each.values if value is not None]
    scale = _Scale(max(known, default=0), is_whole=False)
    shapes = []
    for each in series:
        path, pen = [], "M"
        for number, value in enumerate(each.values):
            if value is None:
                pen = "M"
                continue
            is_alone = pen == "M" and all(next_ is None for next_ in each.values[number + 1 :][:1])
            dot = f"m{-DOT / 2} 0h{DOT}" if is_alone else ""
            path.append(f"{pen}{LEFT + times.room * (number + 0.5):.1f} {scale.y(value):.1f}{dot}")
            pen = "L"
        shapes.append(Shape(each.name, "".join(path)))
    return Chart("lines", shapes, times.ticks(), scale.ticks(), not known)


class _Scale:
    """The vertical axis: round numbers from 0 to above the largest value."""

    def __init__(self, largest: float, *, is_whole: bool) -> None:
        step = largest / MAX_STEPS
        magnitude = 10.0 ** math.floor(math.log10(step)) if step else 1.0
        choices = (factor * magnitude for factor in (1, 2, 5, 10))
        self._step = next(choice for choice in choices if choice >= step * 0.999)
        if is_whole:
            self._step = max(1.0, self._step)
        self._count = max(1, math.ceil(largest / self._step * 0.999))

    def y(self, value: float) -> float:
        """Return where a value is drawn."""
        return BASE - PLOT_HEIGHT * value / (self._step * self._count)

    def ticks(self) -> list[Tick]:
        """Return the grid."""
        steps = [number * self._step for number in range(self._count + 1)]
        return [Tick(round(self.y(value), 1), _number(value)) for value in steps]


def _number(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g} M"
    return f"{value / 1e3:g} k" if value >= 10_000 else f"{value:g}"
