"""What one image costs, by stage: measured once on this machine, then kept."""

import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.images import header, steps
from gateway.options import Options
from gateway.settings import Settings
from gateway.tuning import photo
from serving.cpu_runtime import SIDE, CpuRuntime

T = TypeVar("T")

SIZES_MP = (1.0, 12.0)
"""Two sizes make a line; photos between and beyond are read off it."""
ROUNDS = 7
NAME = "capacity.json"
TRANSPORT_S = (0.004, 0.001)
"""CPU seconds of HTTP an image, and a megapixel: `make bench-transports` less the stages."""


@dataclass(frozen=True)
class Line:
    """CPU seconds that grow with the photo."""

    fixed_s: float
    per_mp_s: float

    def at(self, megapixels: float) -> float:
        """For one photo."""
        return self.fixed_s + self.per_mp_s * megapixels


@dataclass(frozen=True)
class Costs:
    """Of one image."""

    decode: Line
    compose: Line
    encode: Line
    model_s: float
    """Seconds of one image alone in one model instance."""
    model_cores: int
    """Cores that an instance keeps busy meanwhile; 0 on a GPU."""

    def stages(self, megapixels: float) -> dict[str, float]:
        """CPU seconds of the gateway by stage, the transport apart."""
        lines = {"decode": self.decode, "compose": self.compose, "encode": self.encode}
        return {name: line.at(megapixels) for name, line in lines.items()}

    @property
    def transport(self) -> Line:
        """Reading requests and writing answers, in the gateway's one event loop."""
        return Line(*TRANSPORT_S)


def read(folder: Path) -> Costs | None:
    """What was measured before, if it was on as many cores."""
    try:
        kept = json.loads((folder / NAME).read_text())
        if kept.pop("cores") != os.cpu_count():
            return None
        decode, compose, encode = (Line(**kept.pop(n)) for n in ("decode", "compose", "encode"))
        return Costs(decode, compose, encode, **kept)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(costs: Costs, folder: Path) -> None:
    """Keep them."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"cores": os.cpu_count(), **asdict(costs)}
    (folder / NAME).write_text(json.dumps(kept, indent=2) + "\n")


def measure(settings: Settings, rounds: int = ROUNDS) -> Costs:
    """Measure the CPU model and the image path, each alone; about 15 s.

    Args:
        settings: those of the service.
        rounds: medians are of so many.

    Raises:
        ModelNotBuilt: there is no model.
    """
    threads = settings.cpu_threads
    cache = settings.data_dir / "openvino-cache"
    runtime = CpuRuntime(
        settings.model_dir, precision=settings.precision, threads=threads, cache_dir=cache
    )
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    runtime.infer(image)
    model = [_seconds(time.perf_counter, lambda: runtime.infer(image))[0] for _ in range(rounds)]
    photos = [photo.scene(size) for size in SIZES_MP]
    jobs = [(data, _mask(runtime, data)) for data in photos]
    # Sizes take turns, so that other work on the machine touches both alike.
    spent = [[_stages(*job, settings.max_image_pixels) for job in jobs] for _ in range(rounds)]
    small, large = (_medians([row[size] for row in spent]) for size in range(len(SIZES_MP)))
    decode, compose, encode = map(_line, small, large)
    return Costs(decode, compose, encode, statistics.median(model), threads or os.cpu_count() or 1)


def _medians(rows: list[tuple[float, float, float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def _mask(runtime: CpuRuntime, data: bytes) -> NDArray[np.uint8]:
    read = header.read(data, max_pixels=10**9)
    return runtime.infer(steps.begin(read, None, Options()).picture.model_input)


def _stages(data: bytes, mask: NDArray[np.uint8], limit: int) -> tuple[float, float, float]:
    """CPU seconds of decode, compose and encode: of the process, as some use threads."""
    cpu, options = time.process_time, Options()
    read = header.read(data, max_pixels=limit)
    decode_s, decoded = _seconds(cpu, lambda: steps.begin(read, None, options))
    finish_s, done = _seconds(cpu, lambda: steps.finish(decoded, mask, options, limit))
    # The two parts of it are told by the wall clock: their shares are taken from there.
    share = done.compose_s / (done.compose_s + done.encode_s)
    return decode_s, finish_s * share, finish_s * (1 - share)


def _seconds(clock: Callable[[], float], work: Callable[[], T]) -> tuple[float, T]:
    started = clock()
    done = work()
    return clock() - started, done


def _line(small_s: float, large_s: float) -> Line:
    """Through both points; noise must not make a photo of no pixels cost less than nothing."""
    small_mp, large_mp = SIZES_MP
    per_mp_s = max(0.0, (large_s - small_s) / (large_mp - small_mp))
    return Line(max(0.0, small_s - per_mp_s * small_mp), per_mp_s)
