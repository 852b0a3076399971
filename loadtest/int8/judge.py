"""`make bench-int8`: int8's masks against float32's, with and without the second look."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gateway.settings import Settings
from loadtest.int8 import pictures
from loadtest.int8.pictures import Image
from serving import fidelity
from serving.cpu_runtime import CpuRuntime
from serving.photos import PHOTOS
from serving.precision import float_precision
from serving.second_look import needs_second_look

WORST = 8

Scores = list[tuple[float, float]]
"""IoU, and mean absolute error in levels of 255, by picture."""


def main(
    folder: Annotated[Path | None, typer.Argument(help="More pictures than the photos.")] = None,
) -> None:
    """Compare the masks of photos from packages, and of the pictures in a folder."""
    images = {photo.name: pictures.fit(photo.pixels()) for photo in PHOTOS}
    images |= dict(pictures.read(folder)) if folder else {}
    out = Console(width=100)
    exact = CpuRuntime(Settings().model_dir, precision="f32")
    quick = CpuRuntime(Settings().model_dir, precision="int8")
    one_look: Scores = []
    two_looks: Scores = []
    seconds_s: dict[str, list[float]] = {"f32": [], "int8": [], "int8, looking twice": []}
    for image in track(images.values(), "Comparing"):
        reference = _timed(exact.infer, image, seconds_s["f32"])
        mask = _timed(quick.first_look, image, seconds_s["int8"])
        final = _timed(quick.infer, image, seconds_s["int8, looking twice"])
        one_look.append(_score(mask, reference))
        two_looks.append(_score(final, reference))
        if not needs_second_look(mask):
            seconds_s["int8, looking twice"].pop()
    repeated = len(seconds_s["int8, looking twice"])
    out.print(_table(one_look, two_looks))
    for name, values in seconds_s.items():
        if values:
            out.print(f"{name}: {np.median(values):.3f} s, median of {len(values)}")
    out.print(
        f"{repeated} of {len(images)} were computed again, in {float_precision()}. The worst: "
        + ", ".join(_worst(list(images), two_looks))
    )


def _timed(run: Callable[[Image], Image], image: Image, seconds_s: list[float]) -> Image:
    started = time.perf_counter()
    mask = run(image)
    seconds_s.append(time.perf_counter() - started)
    return mask


def _score(mask: Image, reference: Image) -> tuple[float, float]:
    error = np.abs(mask.astype(np.int16) - reference).mean()
    return fidelity.iou(mask, reference), float(error)


def _table(one_look: Scores, two_looks: Scores) -> Table:
    title = f"int8 against f32, {len(one_look)} pictures"
    table = Table("", "IoU, mean", "IoU, worst", "mean error, of 1", title=title)
    for name, scores in (("int8 alone", one_look), ("as served", two_looks)):
        ious, errors = np.transpose(scores)
        table.add_row(name, f"{ious.mean():.4f}", f"{ious.min():.4f}", f"{errors.mean() / 255:.5f}")
    return table


def _worst(names: list[str], scores: Scores) -> list[str]:
    order = np.argsort([iou for iou, _ in scores])[:WORST]
    return [f"{names[number]} {scores[number][0]:.4f}" for number in order]


if __name__ == "__main__":
    typer.run(main)
