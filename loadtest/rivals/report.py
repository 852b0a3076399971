"""The figures of a comparison: a table, JSON and a picture."""

import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from rich.table import Table

from loadtest.rivals.cell import Cell, Outcome

SIZE_INCHES, DPI = (9.0, 4.0), 90
RIVALS = ("ClearBG", "rembg")


@dataclass(frozen=True)
class Summary:
    """The rounds of one server in one cell: medians, but sums of rejections and failures."""

    images_per_s: float
    p50_s: float
    p95_s: float
    p99_s: float
    cpu_s: float
    pss_mb: float
    output_bytes: float
    rejections: int
    failed: int


def summary(rounds: Iterable[Outcome]) -> Summary:
    """Summarise rounds. Percentiles are those of all rounds' latencies together."""
    outcomes = list(rounds)
    latencies_s = [latency for outcome in outcomes for latency in outcome.latencies_s]
    p50_s, p95_s, p99_s = np.percentile(latencies_s or [float("nan")], (50, 95, 99))
    return Summary(
        images_per_s=statistics.median(outcome.images_per_s for outcome in outcomes),
        p50_s=float(p50_s),
        p95_s=float(p95_s),
        p99_s=float(p99_s),
        cpu_s=statistics.median(outcome.cpu_s for outcome in outcomes),
        pss_mb=statistics.median(outcome.pss_mb for outcome in outcomes),
        output_bytes=statistics.median(outcome.output_bytes for outcome in outcomes),
        rejections=sum(outcome.rejections for outcome in outcomes),
        failed=sum(outcome.failed for outcome in outcomes),
    )


@dataclass
class Report:
    """Everything that was measured."""

    rembg: str
    """Version."""
    command: str
    outcomes: dict[tuple[Cell, str], list[Outcome]] = field(default_factory=dict)
    """By cell and server: one outcome a round."""
    runtime_images_per_s: list[float] = field(default_factory=list)
    """Of the model's runtime alone, one image after the other; one a round."""
    ious: Mapping[str, float] = field(default_factory=dict)
    """Agreement of the two servers' foregrounds, by photo."""

    @property
    def cells(self) -> list[Cell]:
        """The cells, in the order in which they were measured."""
        return list(dict.fromkeys(cell for cell, _ in self.outcomes))

    @property
    def limit(self) -> float:
        """Images per second of the runtime alone."""
        return statistics.median(self.runtime_images_per_s)

    def of(self, cell: Cell, name: str) -> Summary:
        """Return the summary of a server in a cell."""
        return summary(self.outcomes[cell, name])

    def table(self) -> Table:
        """Return two rows a cell, and how many times as good the first is."""
        columns = ("images/s", "p50 s", "p95 s", "p99 s", "CPU s", "PSS MB", "output MB")
        rows = Table("MP", "callers", "", *columns, "rejected", "failed")
        for cell in self.cells:
            ours, theirs = (self.of(cell, name) for name in RIVALS)
            for name, each in zip(RIVALS, (ours, theirs), strict=True):
                where = (str(cell.megapixels), str(cell.callers), name)
                rows.add_row(*where, *_figures(each), str(each.rejections), str(each.failed))
            rows.add_row("", "", "ratio", *_ratios(ours, theirs), end_section=True)
        return rows

    def write(self, folder: Path) -> None:
        """Write `rivals.json` and `rivals.png` into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rivals.json").write_text(json.dumps(self._document(), indent=1) + "\n")
        self._draw(folder / "rivals.png")

    def _document(self) -> dict[str, object]:
        return {
            "date": date.today().isoformat(),
            "machine": f"{os.cpu_count()} cores, {_cpu()}",
            "command": self.command,
            "rembg": self.rembg,
            "runtime_images_per_s": self.limit,
            "iou": dict(self.ious),
            "cells": [
                asdict(cell) | {name: asdict(self.of(cell, name)) for name in RIVALS}
                for cell in self.cells
            ],
        }

    def _draw(self, png: Path) -> None:
        with mpl.rc_context({"font.size": 9, "axes.grid": True, "grid.alpha": 0.3}):
            figure = Figure(SIZE_INCHES, DPI, layout="constrained")
            axes = figure.subplots()
            places = np.arange(len(self.cells))
            for offset, name in zip((-0.2, 0.2), RIVALS, strict=True):
                values = [self.of(cell, name).images_per_s for cell in self.cells]
                axes.bar(places + offset, values, 0.4, label=name)
            axes.axhline(self.limit, color="black", linestyle=":", label="the runtime alone")
            names = [f"{cell.megapixels} MP\n{cell.callers} callers" for cell in self.cells]
            axes.set_xticks(places, names)
            axes.set_ylabel("images per second")
            axes.legend()
            figure.savefig(png)


def _figures(each: Summary) -> list[str]:
    times = (each.images_per_s, each.p50_s, each.p95_s, each.p99_s, each.cpu_s)
    return [
        *(f"{value:.2f}" for value in times),
        f"{each.pss_mb:.0f}",
        f"{each.output_bytes / 1e6:.2f}",
    ]


def _ratios(ours: Summary, theirs: Summary) -> list[str]:
    pairs = zip(asdict(ours).values(), asdict(theirs).values(), strict=True)
    ratios = [f"{one / other:.2f}" if other else "" for one, other in pairs]
    return ratios[:7]


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
