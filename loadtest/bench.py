"""`make bench`: seconds per image by stage, and of the model by precision.

Rounds are interleaved, so that other work on the machine touches every row alike; medians are
shown.
"""

import asyncio
import os
import platform
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gateway.models import choose
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from serving.cpu_runtime import CpuRuntime, Precision, supports_bf16
from serving.photos import PHOTOS

ROUNDS = 7
STAGES = ("decode", "queue", "infer", "compose", "encode")
SIZES = {"1 MP": (1200, 800), "12 MP": (4000, 3000), "50 MP": (8000, 6000)}
"""Enlargements of scikit-image's astronaut (512x512): the pixels stand for large photos, with
camera-like noise added, since a smooth enlargement would flatter the codecs."""


def photo(width: int, height: int) -> NDArray[np.uint8]:
    """The astronaut at (height, width, 3), with noise of two levels."""
    pixels = PHOTOS[0].pixels()
    large = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).standard_normal(large.shape, np.float32)
    return np.asarray(np.clip(large + 2 * noise, 0, 255), np.uint8)


async def stages() -> Table:
    """Each stage of the whole path, JPEG in and PNG out, and CPU seconds outside the model."""
    settings = Settings()
    model = await choose.cpu(settings)
    remover = Remover(model, settings)
    files = {name: simplejpeg.encode_jpeg(photo(*size), quality=90) for name, size in SIZES.items()}
    spent: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in track(range(ROUNDS), "whole path", transient=True):
        for name, data in files.items():
            started = time.perf_counter()
            result = await remover.remove(data, Options())
            spent[name, "total"].append(time.perf_counter() - started)
            for stage, seconds in result.seconds.items():
                spent[name, stage].append(seconds)
    await model.close()
    remover.close()
    table = Table("photo", *STAGES, "total", title="JPEG in, PNG out: seconds, alone")
    for name in SIZES:
        figures = (statistics.median(spent[name, column]) for column in (*STAGES, "total"))
        table.add_row(name, *(f"{figure:.3f}" for figure in figures))
    return table


def precisions() -> Table:
    """One mask by each precision this CPU has."""
    settings = Settings()
    image = np.asarray(cv2.resize(PHOTOS[0].pixels(), (1024, 1024)), np.uint8)
    names: list[Precision] = ["f32", "bf16"] if supports_bf16() else ["f32"]
    runtimes = {name: CpuRuntime(settings.model_dir, precision=name) for name in names}
    rows = interleaved({name: partial(runtime.infer, image) for name, runtime in runtimes.items()})
    table = Table("precision", "wall s", "CPU s", title="One mask")
    for name, (wall_s, cpu_s) in rows.items():
        table.add_row(name, f"{wall_s:.3f}", f"{cpu_s:.3f}")
    return table


def interleaved(
    works: Mapping[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, tuple[float, float]]:
    """Median wall and CPU seconds of each piece of work, their rounds taking turns."""
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in track(range(rounds), next(iter(works)), transient=True):
        for name, work in works.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            spent[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (statistics.median(w for w, _ in pairs), statistics.median(c for _, c in pairs))
        for name, pairs in spent.items()
    }


def main() -> None:
    """Print all tables."""
    console = Console()
    console.print(f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}")
    console.print(asyncio.run(stages()), precisions())


if __name__ == "__main__":
    main()
