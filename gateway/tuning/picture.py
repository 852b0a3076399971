"""The sweep as a picture. Needs matplotlib: the `tune` extra."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gateway.tuning.sweep import Sweep, front


def draw(sweep: Sweep, path: Path, title: str) -> None:
    """Write a PNG: throughput against p95 on the left, sizes of batches on the right."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _throughput(left, sweep)
    _batches(right, sweep)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=100)


def _throughput(axes: Axes, sweep: Sweep) -> None:
    best = front(sweep.points)
    for number, point in enumerate(sweep.points):
        seen = point.seen
        mark = "x" if seen.refuses else "D" if point.config == sweep.default else "o"
        name = f"{number}: {point.config.told(sweep.default)}"
        axes.plot(seen.p95_s, seen.images_s, mark, label=name + " (refuses)" * seen.refuses)
        axes.annotate(
            str(number), (seen.p95_s, seen.images_s), (5, 4), textcoords="offset points", fontsize=8
        )
    across = [point.seen.p95_s for point in best]
    up = [point.seen.images_s for point in best]
    axes.plot(across, up, "ko--", lw=1, ms=11, fillstyle="none", zorder=0, label="Pareto front")
    axes.set(xlabel="p95, seconds", ylabel="images/s")
    axes.margins(0.1)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))


def _batches(axes: Axes, sweep: Sweep) -> None:
    """Of each point, the part of executions that had so many images; with Triton only."""
    sizes = sorted({int(size) for point in sweep.points for size in point.seen.batches})
    rows = [(number, point.seen.batches) for number, point in enumerate(sweep.points)]
    left = [0.0] * len(rows)
    for size in sizes:
        parts = [100 * b.get(str(size), 0) / max(1, sum(b.values())) for _, b in rows]
        axes.barh([number for number, _ in rows], parts, left=left, label=str(size))
        left = [start + part for start, part in zip(left, parts, strict=True)]
    axes.set(xlabel="% of executions, by images in the batch", ylabel="point")
    axes.set_yticks(range(len(rows)))
    axes.invert_yaxis()
    if sizes:
        axes.legend(fontsize=7, ncols=len(sizes), loc="lower center", bbox_to_anchor=(0.5, 1))
