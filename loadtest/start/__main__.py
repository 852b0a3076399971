"""`make bench-start`: measure starts, print a table for each part, and fail on a missed target."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtest.start import callers, first_cutout, memory
from loadtest.start.figures import Figure, table
from loadtest.start.fresh_clone import ROOT, NotStarted

out = Console(highlight=False, soft_wrap=True)

PARTS = ("clone", "callers", "memory")


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help="clone, callers or memory. Default: all.")
    ] = None,
    rounds: Annotated[int, typer.Option(help="Fresh clones to measure.", min=1)] = 3,
) -> None:
    """Measure fresh clones of HEAD, bursts of callers right after a start, and memory."""
    head = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True)
    out.print(f"HEAD is {head.strip()}; {os.cpu_count()} cores")
    measures: dict[str, Callable[[], Iterable[Figure]]] = {
        "clone": lambda: first_cutout.figures(first_cutout.measure(rounds, out.print)),
        "callers": lambda: callers.measure_all(out.print),
        "memory": _measure_memory,
    }
    missed = False
    for part in parts or PARTS:
        figures = _measure(measures[part])
        out.print(table(part, figures))
        missed = missed or any(figure.missed for figure in figures)
    raise typer.Exit(int(missed))


def _measure(measure: Callable[[], Iterable[Figure]]) -> list[Figure]:
    try:
        return list(measure())
    except NotStarted as error:
        out.print(f"make run failed:\n{error}", markup=False)
        raise typer.Exit(1) from error


def _measure_memory() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        return memory.figures(memory.measure(Path(folder)))


if __name__ == "__main__":
    typer.run(main)
