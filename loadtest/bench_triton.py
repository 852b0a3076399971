"""`make bench-triton`: throughput through Triton, and how bulk images delay interactive ones.

It runs the whole core in one process (decode, Triton over gRPC, compose, encode), without HTTP.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from rich.console import Console

from gateway.models import factory
from gateway.models.model import Priority
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.chaos import wait_for_triton
from loadtest.ports import free_port
from serving.cpu_runtime import CpuRuntime

ROUNDS, IMAGES, CONCURRENCY = 5, 24, 8
BULK, INTERACTIVE = 50, 20
PHOTO = (1200, 800)


@asynccontextmanager
async def embedded_triton() -> AsyncIterator[tuple[Remover, Settings]]:
    """Run a remover with an embedded tritonserver; the block begins when that answers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            triton="embedded",
            cpu_fallback="off",
            data_dir=Path(folder),
            triton_grpc_port=free_port(),
            triton_metrics_port=free_port(),
            request_timeout_s=120,
        )
        async with factory.open_models(settings) as models:
            await wait_for_triton(models.default.model)
            remover = Remover(models, settings)
            yield remover, settings
            remover.close()


async def throughput(remover: Remover, data: bytes) -> float:
    """Return the images per second at CONCURRENCY."""
    semaphore = asyncio.Semaphore(CONCURRENCY)

    async def remove() -> None:
        async with semaphore:
            await remover.remove(data, Options())

    started = time.perf_counter()
    await asyncio.gather(*(remove() for _ in range(IMAGES)))
    return IMAGES / (time.perf_counter() - started)


def runtime_throughput(settings: Settings) -> float:
    """Return the images per second of the runtime alone, one after the other."""
    runtime = CpuRuntime(settings.model_dir)
    image = np.asarray(cv2.resize(photo(*PHOTO), (1024, 1024)), np.uint8)
    runtime.infer(image)
    started = time.perf_counter()
    for _ in range(IMAGES):
        runtime.infer(image)
    return IMAGES / (time.perf_counter() - started)


async def latencies_s(remover: Remover, data: bytes, count: int) -> list[float]:
    """Return the latencies of interactive requests, one after the other."""
    latencies = []
    for _ in range(count):
        started = time.perf_counter()
        await remover.remove(data, Options(), priority=Priority.INTERACTIVE)
        latencies.append(time.perf_counter() - started)
    return latencies


async def interactive_p95s_s(remover: Remover, data: bytes) -> tuple[float, float]:
    """Return the p95 of interactive requests, idle and while BULK images are always waiting."""
    idle = await latencies_s(remover, data, INTERACTIVE)

    async def bulk() -> None:
        while True:
            await remover.remove(data, Options(), priority=Priority.BULK)

    waiting = [asyncio.create_task(bulk()) for _ in range(BULK)]
    await asyncio.sleep(3)
    busy = await latencies_s(remover, data, INTERACTIVE)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return p95(idle), p95(busy)


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


async def main() -> None:
    """Print throughput and latencies."""
    console = Console()
    data = simplejpeg.encode_jpeg(photo(*PHOTO), quality=90)
    async with embedded_triton() as (remover, settings):
        pairs = [
            (await throughput(remover, data), await asyncio.to_thread(runtime_throughput, settings))
            for _ in range(ROUNDS)
        ]
        triton_hz, runtime_hz = (statistics.median(column) for column in zip(*pairs, strict=True))
        console.print(
            f"1 MP photos, concurrency {CONCURRENCY}: {triton_hz:.2f} images/s through Triton, "
            f"{runtime_hz:.2f} by the runtime alone; ratio {triton_hz / runtime_hz:.2f}"
        )
        idle_s, busy_s = await interactive_p95s_s(remover, data)
        console.print(
            f"Interactive p95: {idle_s:.2f} s idle, {busy_s:.2f} s while {BULK} bulk images wait; "
            f"one full batch takes {2 / runtime_hz:.2f} s, so the limit is "
            f"{idle_s + 2.4 / runtime_hz:.2f} s"
        )


if __name__ == "__main__":
    asyncio.run(main())
