"""`make bench-edges`: errors and time of refined edges, against plain enlargement and rembg's.

Only pictures whose subject the model found are measured (IoU of mask and truth): what it did not
find, no refinement brings back. Closed-form matting takes half a minute a picture, so it is
measured on every tenth picture only, with the other methods beside it.
"""

import os
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gateway.settings import Settings
from loadtest.bench import SIZES, measure_interleaved, photo
from loadtest.edges import contact_sheet
from loadtest.edges.methods import METHODS, Pixels
from loadtest.edges.metrics import Errors, errors, iou
from loadtest.edges.pairs import Pair, pairs
from serving.cpu_runtime import CpuRuntime
from serving.manifest import SIDE

MIN_IOU = 0.9
MATTING_EVERY = 10
"""Which pictures are measured with closed-form matting too."""
WORST = 5
WORST_FILE = Path("loadtest/results/edges-worst.png")


@dataclass(frozen=True)
class Measured:
    """One picture by all methods."""

    pair: Pair
    alphas: dict[str, Pixels]
    errors: dict[str, Errors]
    seconds: dict[str, float]

    def ratio(self, method: str, metric: str) -> float:
        """Return a method's error in relation to plain enlargement's."""
        ours, plain = (asdict(self.errors[name])[metric] for name in (method, "off"))
        return float(ours / max(plain, 1e-9))

    def gain(self, method: str) -> float:
        """Return by how much a method's boundary IoU is above plain enlargement's."""
        return self.errors[method].boundary_iou - self.errors["off"].boundary_iou


def measure(folder: Path | None) -> list[Measured]:
    """Measure all pairs whose subject the model finds."""
    runtime = CpuRuntime(Settings().model_dir)
    found: list[Measured] = []
    for pair in track(list(pairs(folder)), "pictures", transient=True):
        image = np.asarray(
            cv2.resize(pair.picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8
        )
        mask = runtime.infer(image)
        plain = METHODS["off"](pair.picture, image, mask)
        if iou(plain > 127, pair.alpha > 127) >= MIN_IOU:
            with_matting = len(found) % MATTING_EVERY == 0
            found.append(_measured(pair, image, mask, with_matting=with_matting))
    return found


def _measured(pair: Pair, image: Pixels, mask: Pixels, *, with_matting: bool) -> Measured:
    alphas, seconds = {}, {}
    for name, method in METHODS.items():
        if name != "rembg -a" or with_matting:
            started = time.process_time()
            with warnings.catch_warnings(action="ignore"):  # PyMatting's about its solver
                alphas[name] = method(pair.picture, image, mask)
            seconds[name] = time.process_time() - started
    compared = {name: errors(alpha, pair.alpha) for name, alpha in alphas.items()}
    return Measured(pair, alphas, compared, seconds)


def quality_table(title: str, found: list[Measured], methods: list[str]) -> Table:
    """Return medians of the errors in relation to plain enlargement's, and the worst picture."""
    metrics = ("sad", "mse", "gradient", "connectivity")
    columns = ("SAD", "MSE", "gradient", "connectivity", "boundary IoU", "worst SAD", "above 1.10")
    table = Table("method", *columns, "CPU s", title=f"{title}: {len(found)} pictures")
    for name in methods:
        sad = [measured.ratio(name, "sad") for measured in found]
        table.add_row(
            name,
            *(
                f"{statistics.median(m.ratio(name, metric) for m in found):.3f}"
                for metric in metrics
            ),
            f"{statistics.mean(m.gain(name) for m in found):+.3f}",
            f"{max(sad):.2f}",
            str(sum(ratio > 1.1 for ratio in sad)),
            f"{statistics.median(m.seconds[name] for m in found):.2f}",
        )
    return table


def time_table() -> Table:
    """Measure the time of each level of `refine`, with the model's mask of a photo."""
    image = np.asarray(
        cv2.resize(photo(*SIZES["1 MP"]), (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8
    )
    mask = CpuRuntime(Settings().model_dir).infer(image)
    tasks: dict[str, Callable[[], object]] = {}
    for size_name, size in SIZES.items():
        for name in ("off", "auto", "high"):
            tasks[f"{size_name}, {name}"] = partial(METHODS[name], photo(*size), image, mask)
    table = Table("size, refine", "wall ms", "CPU ms", title="Enlarging and refining one mask")
    for name, (wall_s, cpu_s) in measure_interleaved(tasks).items():
        table.add_row(name, f"{wall_s * 1000:.0f}", f"{cpu_s * 1000:.0f}")
    return table


def main() -> None:
    """Print all tables, and draw the pictures that `auto` does worst on."""
    console = Console()
    console.print(f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}")
    found = measure(Path(sys.argv[1]) if sys.argv[1:] else None)
    held_out = [measured for measured in found if measured.pair.held_out]
    for title, some in (
        ("Held out", held_out),
        ("Constants chosen by", [measured for measured in found if not measured.pair.held_out]),
    ):
        if some:
            console.print(quality_table(title, some, ["off", "auto", "high", "rembg"]))
    with_matting = [measured for measured in found if "rembg -a" in measured.alphas]
    if with_matting:
        console.print(quality_table("With closed-form matting", with_matting, list(METHODS)))
    console.print(time_table())
    worst = sorted(found, key=lambda measured: -measured.ratio("auto", "sad"))[:WORST]
    rows = [(measured.pair, measured.alphas, measured.ratio("auto", "sad")) for measured in worst]
    WORST_FILE.parent.mkdir(exist_ok=True)
    contact_sheet.draw(rows).save(WORST_FILE)
    console.print(f"The {len(worst)} pictures that auto does worst on: {WORST_FILE}")


if __name__ == "__main__":
    main()
