"""Draws a run over time: arrivals, cut-outs, rejections, and latencies."""

import csv
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BIN_S = 10.0
SIZE_INCHES, DPI = (9.0, 5.0), 90


@dataclass(frozen=True)
class Row:
    """One request."""

    started_s: float
    """Seconds from the run's first request."""
    latency_s: float
    rejected: bool
    failed: bool


def read(path: Path) -> list[Row]:
    """Read the file of `--requests-csv`, in the order in which the requests were due."""
    with path.open() as file:
        lines = sorted(csv.DictReader(file), key=lambda line: float(line["timestamp"]))
    first = float(lines[0]["timestamp"])
    return [
        Row(
            float(line["timestamp"]) - first,
            float(line["response_time_ms"]) / 1000,
            line["name"].endswith(" refused"),
            bool(line["exception"]),
        )
        for line in lines
    ]


def draw(requests_csv: Path, png: Path) -> None:
    """Draw the chart of a run."""
    rows = read(requests_csv)
    with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3}):
        figure = Figure(SIZE_INCHES, DPI, layout="constrained")
        above, below = figure.subplots(2, sharex=True)
        _draw_rates(above, rows)
        _draw_latencies(below, rows)
        figure.savefig(png)


def _draw_rates(axes: Axes, rows: list[Row]) -> None:
    answered = [row for row in rows if not row.rejected and not row.failed]
    series = {
        "due": [row.started_s for row in rows],
        "cut-outs": [row.started_s + row.latency_s for row in answered],
        "rejected": [row.started_s for row in rows if row.rejected],
        "failed": [row.started_s for row in rows if row.failed],
    }
    edges = np.arange(0, max(max(times, default=0.0) for times in series.values()) + BIN_S, BIN_S)
    for name, times in series.items():
        if times:
            counts, _ = np.histogram(times, edges)
            axes.plot(edges[:-1] + BIN_S / 2, counts / BIN_S, label=name)
    axes.set_ylabel("per second")
    axes.legend(loc="upper left")


def _draw_latencies(axes: Axes, rows: list[Row]) -> None:
    answered = [row for row in rows if not row.rejected and not row.failed]
    bins = np.array([row.started_s // BIN_S for row in answered])
    latencies_s = np.array([row.latency_s for row in answered])
    for centile in (50, 95, 99):
        points = [(b, np.percentile(latencies_s[bins == b], centile)) for b in np.unique(bins)]
        times, values = zip(*points, strict=True)
        axes.plot((np.array(times) + 0.5) * BIN_S, values, label=f"p{centile}")
    axes.set_ylabel("seconds to the cut-out")
    axes.set_xlabel("seconds, by when the request was due")
    axes.legend(loc="upper left")
