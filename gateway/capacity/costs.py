"""What one image costs, by stage: measured on this machine, then kept in a file."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.images import header, pipeline
from gateway.images.files import Headers
from gateway.options import Options
from gateway.settings import Settings
from gateway.tuning.synthetic_photo import synthetic_photo
from serving.cores import available_cores
from serving.cpu_runtime import CpuRuntime
from serving.manifest import SIDE

Result = TypeVar("Result")

SIZES_MP = (1.0, 12.0)
"""Sizes of the measured photos; a line through both gives the cost of any other size."""
ROUNDS = 7
NAME = "capacity.json"
TRANSPORT_S = (0.004, 0.001)
"""CPU seconds of HTTP per image, and per megapixel: `make bench-transports` minus the stages."""


@dataclass(frozen=True)
class LinearCost:
    """CPU seconds, as a linear function of the photo's size."""

    fixed_s: float
    per_mp_s: float

    def at(self, megapixels: float) -> float:
        """Return the CPU seconds for a photo of this size."""
        return self.fixed_s + self.per_mp_s * megapixels


@dataclass(frozen=True)
class Costs:
    """The costs of one image. The names are those of the file."""

    decode: LinearCost
    compose: LinearCost
    encode: LinearCost
    model_s: float
    """Seconds of one image in one model instance that has no other work."""
    model_cores: int
    """Cores that a model instance keeps busy; 0 on a GPU."""

    def stages(self, megapixels: float) -> dict[str, float]:
        """Return the CPU seconds of the gateway by stage, without the transport."""
        costs = {"decode": self.decode, "compose": self.compose, "encode": self.encode}
        return {name: cost.at(megapixels) for name, cost in costs.items()}

    @property
    def transport(self) -> LinearCost:
        """The cost of reading requests and writing responses, in the gateway's event loop."""
        return LinearCost(*TRANSPORT_S)


def read(folder: Path) -> Costs | None:
    """Return the costs in the folder's file; None if they are of another number of cores."""
    try:
        content = json.loads((folder / NAME).read_text())
        if content.pop("cores") != available_cores():
            return None
        names = ("decode", "compose", "encode")
        decode, compose, encode = (LinearCost(**content.pop(name)) for name in names)
        return Costs(decode, compose, encode, **content)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(costs: Costs, folder: Path) -> None:
    """Write the costs to the folder's file."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"cores": available_cores(), **asdict(costs)}
    (folder / NAME).write_text(json.dumps(content, indent=2) + "\n")


def measure(settings: Settings, rounds: int = ROUNDS) -> Costs:
    """Measure the CPU model and the stages around it, one after the other; about 15 s.

    Args:
        settings: of the service.
        rounds: how many measurements each median has.

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
    model_s = [_timed(time.perf_counter, lambda: runtime.infer(image))[0] for _ in range(rounds)]
    photos = [synthetic_photo(megapixels) for megapixels in SIZES_MP]
    jobs = [(photo, _mask(runtime, photo)) for photo in photos]
    # The sizes alternate, so that other work on the machine affects both equally.
    rows = [[_stages_s(*job, settings.max_image_pixels) for job in jobs] for _ in range(rounds)]
    small, large = (_medians([row[size] for row in rows]) for size in range(len(SIZES_MP)))
    decode, compose, encode = map(_linear_cost, small, large)
    cores = threads or available_cores()
    return Costs(decode, compose, encode, statistics.median(model_s), cores)


def _medians(rows: list[tuple[float, float, float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def _mask(runtime: CpuRuntime, photo: bytes) -> NDArray[np.uint8]:
    source = Headers(header.read(photo, max_pixels=10**9))
    return runtime.infer(pipeline.decode_images(source, Options()).model_input)


def _stages_s(photo: bytes, mask: NDArray[np.uint8], max_pixels: int) -> tuple[float, float, float]:
    """Return the CPU seconds of decode, compose and encode, in all threads of the process."""
    cpu, options = time.process_time, Options()
    source = Headers(header.read(photo, max_pixels=max_pixels))
    decode_s, decoded = _timed(cpu, lambda: pipeline.decode_images(source, options))
    finish_s, done = _timed(
        cpu, lambda: pipeline.compose_and_encode(decoded, mask, options, max_pixels)
    )
    # Compose and encode are only known by the wall clock: their CPU time has the same ratio.
    compose_share = done.compose_s / (done.compose_s + done.encode_s)
    return decode_s, finish_s * compose_share, finish_s * (1 - compose_share)


def _timed(clock: Callable[[], float], work: Callable[[], Result]) -> tuple[float, Result]:
    started = clock()
    result = work()
    return clock() - started, result


def _linear_cost(small_s: float, large_s: float) -> LinearCost:
    """Return the line through both measurements; noise must not make a part of it negative."""
    small_mp, large_mp = SIZES_MP
    per_mp_s = max(0.0, (large_s - small_s) / (large_mp - small_mp))
    return LinearCost(max(0.0, small_s - per_mp_s * small_mp), per_mp_s)
