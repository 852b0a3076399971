"""`make bench`: seconds per image by stage, and of the model by precision.

Rounds are interleaved, so that other work on the machine affects every row equally; the tables show
medians.
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

from gateway.models import factory
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from serving.cpu_runtime import CpuRuntime
from serving.manifest import Precision
from serving.photos import PHOTOS
from serving.precision import is_supported

ROUNDS = 7
STAGES = ("decode", "queue", "infer", "compose", "encode")
SIZES = {"1 MP": (1200, 800), "12 MP": (4000, 3000), "50 MP": (8000, 6000)}
"""Sizes to which scikit-image's astronaut (512x512) is enlarged, with camera-like noise: a smooth
enlargement would be cheaper to decode and encode than a photo."""


def photo(width: int, height: int) -> NDArray[np.uint8]:
    """Return the astronaut as (height, width, 3), 0 to 255, with noise of two levels."""
    pixels = PHOTOS[0].pixels()
    large = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(0).standard_normal(large.shape, np.float32)
    return np.asarray(np.clip(large + 2 * noise, 0, 255), np.uint8)


async def measure_stages() -> Table:
    """Measure each stage of the whole path, JPEG in and PNG out, without concurrency."""
    settings = Settings()
    models = await factory.open_cpu_models(settings)
    remover = Remover(models, settings)
    files = {name: simplejpeg.encode_jpeg(photo(*size), quality=90) for name, size in SIZES.items()}
    times_s: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in track(range(ROUNDS), "whole path", transient=True):
        for name, data in files.items():
            started = time.perf_counter()
            result = await remover.remove(data, Options())
            times_s[name, "total"].append(time.perf_counter() - started)
            for stage, seconds in result.seconds.items():
                times_s[name, stage].append(seconds)
    await models.close()
    remover.close()
    table = Table("photo", *STAGES, "total", title="JPEG in, PNG out: seconds, one image at a time")
    for name in SIZES:
        medians_s = (statistics.median(times_s[name, column]) for column in (*STAGES, "total"))
        table.add_row(name, *(f"{median_s:.3f}" for median_s in medians_s))
    return table


def measure_precisions() -> Table:
    """Measure one mask in each precision that this CPU supports."""
    settings = Settings()
    image = np.asarray(cv2.resize(PHOTOS[0].pixels(), (1024, 1024)), np.uint8)
    candidates: tuple[Precision, ...] = ("f32", "bf16", "int8")
    names = [name for name in candidates if is_supported(name)]
    runtimes = {name: CpuRuntime(settings.model_dir, precision=name) for name in names}
    rows = measure_interleaved(
        {name: partial(runtime.infer, image) for name, runtime in runtimes.items()}
    )
    table = Table("precision", "wall s", "CPU s", title="One mask")
    for name, (wall_s, cpu_s) in rows.items():
        table.add_row(name, f"{wall_s:.3f}", f"{cpu_s:.3f}")
    return table


def measure_interleaved(
    tasks: Mapping[str, Callable[[], object]], rounds: int = ROUNDS
) -> dict[str, tuple[float, float]]:
    """Return the median wall and CPU seconds of each task; the rounds alternate between them."""
    times_s: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for _ in track(range(rounds), next(iter(tasks)), transient=True):
        for name, task in tasks.items():
            wall, cpu = time.perf_counter(), time.process_time()
            task()
            times_s[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: (statistics.median(w for w, _ in pairs), statistics.median(c for _, c in pairs))
        for name, pairs in times_s.items()
    }


def main() -> None:
    """Print all tables."""
    console = Console()
    console.print(f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}")
    console.print(asyncio.run(measure_stages()), measure_precisions())


if __name__ == "__main__":
    main()
