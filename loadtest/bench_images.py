"""`make bench-images`: costs of the image path without the model, and its edge colours' errors."""

import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from io import BytesIO

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from pymatting import estimate_foreground_ml
from rich.console import Console
from rich.table import Table

from gateway import options
from gateway.images import compose, foreground, matte, png
from gateway.images.picture import Picture, Pixels
from gateway.models.models import Models
from gateway.options import Format, Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import SIZES, measure_interleaved, photo
from loadtest.constant_model import ConstantModel
from loadtest.edges.color_scenes import Scene, scenes
from loadtest.peak_memory import KINDS
from serving.cpu_runtime import CpuRuntime
from serving.photos import PHOTOS


def real_mask() -> NDArray[np.uint8]:
    """Return the model's mask of the benchmark's photo."""
    image = cv2.resize(photo(*SIZES["1 MP"]), (1024, 1024), interpolation=cv2.INTER_AREA)
    return CpuRuntime(Settings().model_dir).infer(np.asarray(image, np.uint8))


def measure_path(mask: NDArray[np.uint8]) -> Table:
    """Measure the whole path without the model, by input and output format."""
    remover = Remover(Models.only(ConstantModel(mask)), Settings())
    large = photo(*SIZES["12 MP"])
    jpeg = {name: simplejpeg.encode_jpeg(photo(*size), quality=90) for name, size in SIZES.items()}
    jobs: dict[str, tuple[bytes, Options]] = {
        f"{name} JPEG to PNG": (data, Options()) for name, data in jpeg.items()
    }
    data = jpeg["12 MP"]
    jobs |= {
        "12 MP JPEG to PNG, size=1080p": (data, options.parse({"size": "1080p"})),
        "12 MP JPEG to PNG, size=preview": (data, options.parse({"size": "preview"})),
        "12 MP JPEG to JPEG on white": (data, Options(format=Format.JPG)),
        "12 MP JPEG to WebP": (data, Options(format=Format.WEBP)),
        "12 MP PNG to PNG": (png.encode(_opaque(large), opaque=True), Options()),
    }
    with asyncio.Runner() as loop:
        rows = measure_interleaved(
            {name: partial(_run, loop, remover, *job) for name, job in jobs.items()}
        )
    table = Table("input and output", "wall s", "CPU s", title="The image path, without the model")
    for name, (wall_s, cpu_s) in rows.items():
        table.add_row(name, f"{wall_s:.3f}", f"{cpu_s:.3f}")
    return table


def measure_png_writers(mask: NDArray[np.uint8]) -> Table:
    """Measure our PNG writer, OpenCV's and Pillow's with a 12 MP cut-out, one thread each."""
    rgba = _opaque(photo(*SIZES["12 MP"]))
    image = np.asarray(cv2.resize(rgba[..., :3], (1024, 1024)), np.uint8)
    compose.compose(Picture(rgba, True, image, None), mask, Options())
    bgra = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    sub = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_SUB]
    writers: dict[str, Callable[[], bytes]] = {
        "ours": lambda: png.encode(rgba, opaque=False),
        "OpenCV, level 1, Sub": lambda: cv2.imencode(".png", bgra, sub)[1].tobytes(),
        "Pillow, level 1": lambda: _pillow(rgba, 1),
        "Pillow, default": lambda: _pillow(rgba, 6),
    }
    rows = measure_interleaved(writers, rounds=3)
    table = Table("PNG writer", "CPU s", "MB", title="A 12 MP cut-out to PNG")
    for name, (_, cpu_s) in rows.items():
        table.add_row(name, f"{cpu_s:.3f}", f"{len(writers[name]()) / 1e6:.1f}")
    return table


def measure_edges() -> Table:
    """Measure the edge colours: unchanged, ours, and PyMatting's multi-level method at 1/8 size."""
    title = "Edge colours at 12 MP: mean error (of 255), wall ms"
    table = Table("scene", "soft %", "unchanged", "ours", "ms", "multi-level", "ms", title=title)
    for scene in scenes(*SIZES["12 MP"]):
        ours, ours_ms = _median_ms(partial(_ours, scene))
        theirs, theirs_ms = _median_ms(partial(_multi_level, scene))
        errors = (scene.error(scene.mixed), scene.error(ours), scene.error(theirs))
        figures = (
            100 * _soft_share(scene.alpha),
            errors[0],
            errors[1],
            ours_ms,
            errors[2],
            theirs_ms,
        )
        table.add_row(scene.name, *(f"{figure:.0f}" for figure in figures))
    return table


def measure_edge_times() -> Table:
    """Measure the time for the edge colours of real photos, enlarged to 12 MP."""
    table = Table("photo, 12 MP", "soft %", "ms", title="Edge colours of real photos")
    runtime = CpuRuntime(Settings().model_dir)
    for real in PHOTOS:
        large = cv2.resize(real.pixels(), SIZES["12 MP"], interpolation=cv2.INTER_CUBIC)
        image = cv2.resize(large, (1024, 1024), interpolation=cv2.INTER_AREA)
        mask = runtime.infer(np.asarray(image, np.uint8))
        alpha = matte.resize(mask, *SIZES["12 MP"])
        pixels = np.asarray(large, np.uint8)
        _, median_ms = _median_ms(partial(_ours, Scene(real.name, pixels, pixels, mask, alpha)))
        table.add_row(real.name, f"{100 * _soft_share(alpha):.0f}", f"{median_ms:.0f}")
    return table


def measure_memory() -> Table:
    """Measure the peak memory of one request to PNG, in bytes per pixel above the idle process."""
    table = Table("photo", *KINDS, title="Peak memory of one request, bytes per pixel")
    for name, (width, height) in SIZES.items():
        peaks = (_peak_bytes(kind, width, height) for kind in KINDS)
        table.add_row(name, *(f"{peak / (width * height):.1f}" for peak in peaks))
    return table


def _peak_bytes(kind: str, width: int, height: int) -> int:
    command = [sys.executable, "-m", "loadtest.peak_memory", kind, str(width), str(height)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout.split()[0])


def _run(loop: asyncio.Runner, remover: Remover, data: bytes, options: Options) -> None:
    loop.run(remover.remove(data, options))


def _ours(scene: Scene) -> Callable[[], Pixels]:
    pixels = _opaque(scene.mixed)
    cv2.insertChannel(scene.alpha, pixels, 3)
    image = cv2.resize(scene.mixed, (1024, 1024), interpolation=cv2.INTER_AREA)

    def work() -> Pixels:
        foreground.remove_background_tint(pixels, scene.alpha, np.asarray(image, np.uint8))
        return pixels

    return work


def _multi_level(scene: Scene) -> Callable[[], Pixels]:
    height, width = scene.alpha.shape

    def work() -> Pixels:
        small = [
            cv2.resize(image, (width // 8, height // 8), interpolation=cv2.INTER_AREA) / 255
            for image in (scene.mixed, scene.alpha)
        ]
        estimate = (estimate_foreground_ml(*small) * 255).astype(np.uint8)
        colors = scene.mixed.copy()
        soft = cv2.inRange(scene.alpha, 1, 254)
        return np.asarray(cv2.copyTo(cv2.resize(estimate, (width, height)), soft, colors), np.uint8)

    return work


def _median_ms(prepare: Callable[[], Callable[[], Pixels]]) -> tuple[Pixels, float]:
    """Return the last result, and the median milliseconds of five rounds without `prepare`."""
    prepare()()  # PyMatting compiles itself at its first use
    times_ms = []
    for _ in range(5):
        work = prepare()
        started = time.perf_counter()
        result = work()
        times_ms.append(1000 * (time.perf_counter() - started))
    return result, statistics.median(times_ms)


def _soft_share(alpha: NDArray[np.uint8]) -> float:
    return matte.indices_between(alpha, 1, foreground.NEARLY_OPAQUE).size / alpha.size


def _opaque(rgb: NDArray[np.uint8]) -> Pixels:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8)


def _pillow(rgba: Pixels, level: int) -> bytes:
    file = BytesIO()
    Image.fromarray(rgba).save(file, "PNG", compress_level=level)
    return file.getvalue()


def main() -> None:
    """Print all tables."""
    console = Console()
    console.print(f"{date.today()}, {os.cpu_count()} cores, {platform.machine()}")
    mask = real_mask()
    console.print(measure_path(mask), measure_png_writers(mask))
    console.print(measure_edges(), measure_edge_times(), measure_memory())


if __name__ == "__main__":
    main()
