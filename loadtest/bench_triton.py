"""`make bench-triton`: throughput through Triton, and what bulk work costs interactive requests.

The whole core in one process (decode, Triton by gRPC, compose, encode), without the HTTP around it.
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

from gateway.models import choose
from gateway.models.model import Priority
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.chaos import until_triton_answers
from loadtest.ports import free_port
from serving.cpu_runtime import CpuRuntime

ROUNDS, IMAGES, CONCURRENCY = 5, 24, 8
BULK, INTERACTIVE = 50, 20
PHOTO = (1200, 800)


@asynccontextmanager
async def embedded() -> AsyncIterator[tuple[Remover, Settings]]:
    """A remover on an embedded tritonserver that answers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            triton="embedded",
            cpu_fallback="off",
            data_dir=Path(folder),
            triton_grpc_port=free_port(),
            triton_metrics_port=free_port(),
            request_timeout_s=120,
        )
        async with choose.model(settings) as model:
            await until_triton_answers(model)
            remover = Remover(model, settings)
            yield remover, settings
            remover.close()


async def throughput(remover: Remover, data: bytes) -> float:
    """Images a second at concurrency 8."""
    free = asyncio.Semaphore(CONCURRENCY)

    async def one() -> None:
        async with free:
            await remover.remove(data, Options())

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(IMAGES)))
    return IMAGES / (time.perf_counter() - started)


def bare(settings: Settings) -> float:
    """Images a second of the runtime alone, one after the other."""
    runtime = CpuRuntime(settings.model_dir)
    image = np.asarray(cv2.resize(photo(*PHOTO), (1024, 1024)), np.uint8)
    runtime.infer(image)
    started = time.perf_counter()
    for _ in range(IMAGES):
        runtime.infer(image)
    return IMAGES / (time.perf_counter() - started)


async def latencies_s(remover: Remover, data: bytes, count: int) -> list[float]:
    """Seconds of interactive requests, one after the other."""
    spent = []
    for _ in range(count):
        started = time.perf_counter()
        await remover.remove(data, Options(), priority=Priority.INTERACTIVE)
        spent.append(time.perf_counter() - started)
    return spent


async def priorities(remover: Remover, data: bytes) -> tuple[float, float]:
    """p95 of interactive requests, idle and while 50 bulk images wait all the time."""
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
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


async def main() -> None:
    """Print both."""
    console = Console()
    data = simplejpeg.encode_jpeg(photo(*PHOTO), quality=90)
    async with embedded() as (remover, settings):
        pairs = [
            (await throughput(remover, data), await asyncio.to_thread(bare, settings))
            for _ in range(ROUNDS)
        ]
        through, alone = (statistics.median(column) for column in zip(*pairs, strict=True))
        console.print(
            f"1 MP photos, concurrency {CONCURRENCY}: {through:.2f} images/s through Triton, "
            f"bare runtime {alone:.2f}; ratio {through / alone:.2f}"
        )
        idle_s, busy_s = await priorities(remover, data)
        console.print(
            f"Interactive p95: {idle_s:.2f} s idle, {busy_s:.2f} s while {BULK} bulk images wait; "
            f"one full batch takes {2 / alone:.2f} s, so the limit is {idle_s + 2.4 / alone:.2f} s"
        )


if __name__ == "__main__":
    asyncio.run(main())
