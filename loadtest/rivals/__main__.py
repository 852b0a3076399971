"""`make bench-rivals`: both servers run side by side and take turns, cell by cell, in rounds."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.settings import Settings
from loadtest.bench_triton import runtime_throughput
from loadtest.rivals import agreement, server
from loadtest.rivals.cell import Cell, measure
from loadtest.rivals.report import Report
from loadtest.start.callers import photos
from tests.end_to_end.service import ROOT

PHOTOS = {1: (1200, 800), 12: (4000, 3000)}
"""Width and height, by megapixels."""
DISTINCT, TABLE_WIDTH = 8, 120
RESULTS = ROOT / "loadtest" / "results"

out = Console(highlight=False, soft_wrap=True)


def main(
    megapixels: Annotated[list[int] | None, typer.Option(help="1 or 12. Default: both.")] = None,
    callers: Annotated[list[int] | None, typer.Option(help="Default: 1, 4, 16, 64.")] = None,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    images: Annotated[int, typer.Option(help="At least, for each cell of a round.", min=1)] = 16,
    per_caller: Annotated[float, typer.Option(help="Images for each caller, at least.")] = 1.5,
) -> None:
    """Compare throughput, latency, CPU time, memory and cut-outs."""
    # Many callers last: they may leave a server with more memory, or end it.
    cells = [Cell(mp, count) for count in callers or (1, 4, 16, 64) for mp in megapixels or PHOTOS]
    files = {mp: photos(DISTINCT, *PHOTOS[mp]) for mp in {cell.megapixels for cell in cells}}
    command = " ".join(("python -m loadtest.rivals", *sys.argv[1:]))
    report = Report(server.rembg_version(), command, {})
    with ExitStack() as stack:
        ours = stack.enter_context(server.clearbg(_folder(stack)))
        theirs = stack.enter_context(server.rembg(_folder(stack)))
        report.ious = agreement.ious((ours, theirs))  # also warms both up
        for number in range(rounds):
            report.runtime_images_per_s.append(runtime_throughput(Settings()))
            for cell in cells:
                count = max(images, round(per_caller * cell.callers))
                pictures = [files[cell.megapixels][n % DISTINCT] for n in range(count)]
                if not theirs.is_running:
                    out.print(f"rembg has ended, before round {number + 1}, {cell}: starting it")
                    theirs = stack.enter_context(server.rembg(_folder(stack)))
                for each in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                    outcome = measure(each, pictures, cell)
                    report.outcomes.setdefault((cell, each.name), []).append(outcome)
                    out.print(
                        f"round {number + 1}, {cell.megapixels} MP, {cell.callers} callers, "
                        f"{each.name}: {outcome.images_per_s:.2f} images/s"
                    )
    Console(width=TABLE_WIDTH).print(report.table())
    lowest = min(report.ious, key=lambda name: report.ious[name])
    out.print(
        f"The runtime alone: {report.limit:.2f} images/s. rembg {report.rembg}. Foregrounds agree: "
        f"IoU {min(report.ious.values()):.3f} at least ({lowest})"
    )
    report.write(RESULTS)
    out.print(f"{RESULTS}/rivals.json, rivals.png")


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory()))


if __name__ == "__main__":
    typer.run(main)
