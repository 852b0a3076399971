"""Draws a sweep. Needs matplotlib: the `tune` extra."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gateway.tuning.sweep import Sweep, pareto_front


def draw(sweep: Sweep, path: Path, title: str) -> None:
    """Write a PNG: throughput by p95 on the left, batch sizes on the right."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_throughput(left, sweep)
    _draw_batches(right, sweep)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=100)


def _draw_throughput(axes: Axes, sweep: Sweep) -> None:
    front = pareto_front(sweep.points)
    for number, point in enumerate(sweep.points):
        measured = point.measurement
        is_overloaded = measured.is_overloaded
        mark = "x" if is_overloaded else "D" if point.config == sweep.default else "o"
        name = f"{number}: {point.config.describe(sweep.default)}"
        at = (measured.p95_s, measured.images_s)
        axes.plot(*at, mark, label=name + " (overloaded)" * is_overloaded)
        axes.annotate(str(number), at, (5, 4), textcoords="offset points", fontsize=8)
    p95s_s = [point.measurement.p95_s for point in front]
    rates = [point.measurement.images_s for point in front]
    axes.plot(p95s_s, rates, "ko--", lw=1, ms=11, fillstyle="none", zorder=0, label="Pareto front")
    axes.set(xlabel="p95, seconds", ylabel="images/s")
    axes.margins(0.1)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _draw_batches(axes: Axes, sweep: Sweep) -> None:
    """Draw the shares of the batch sizes for each point; empty without Triton."""
    sizes = sorted({int(size) for point in sweep.points for size in point.measurement.batches})
    rows = [(number, point.measurement.batches) for number, point in enumerate(sweep.points)]
    left = [0.0] * len(rows)
    for size in sizes:
        shares = [100 * b.get(str(size), 0) / max(1, sum(b.values())) for _, b in rows]
        axes.barh([number for number, _ in rows], shares, left=left, label=str(size))
        left = [start + share for start, share in zip(left, shares, strict=True)]
    axes.set(xlabel="% of executions, by batch size", ylabel="point")
    axes.set_yticks(range(len(rows)))
    axes.invert_yaxis()
    if sizes:
        axes.legend(fontsize=7, ncols=len(sizes), loc="lower center", bbox_to_anchor=(0.5, 1))
