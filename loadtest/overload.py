"""`python -m loadtest.overload [SECONDS]`: twice the load that the service can do, and after it.

First the capacity, by a closed loop; then an open loop at twice that rate; then single requests
until they are as fast as before. Exits with 1 when a target is missed.
"""

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import simplejpeg
import uvloop
from rich.console import Console

from loadtest import under_load
from loadtest.arrivals import closed_loop, open_loop
from loadtest.bench import photo
from loadtest.overload_report import Report
from loadtest.upload import Answer, Upload

SECONDS, CAPACITY_S, IDLE_REQUESTS = 300.0, 20.0, 8
CONCURRENCY, FACTOR = 4, 2.0
PHOTO = (600, 400)
"""A quarter of a megapixel: the model is the bottleneck, not the client that shares the cores."""
DEADLINE_S = 8.0
"""CLEARBG_REQUEST_TIMEOUT_S of the service: what was admitted is still done after the overload, so
recovery takes about so long."""
GIVE_UP_S = 60.0
RECOVERED = 1.5
"""Times the latency of before."""


async def measured(
    upload: Upload,
    rss_bytes: Callable[[], int],
    seconds: float,
    *,
    deadline_s: float = DEADLINE_S,
    capacity_s: float = CAPACITY_S,
) -> Report:
    """Overload a service.

    Args:
        upload: to the service.
        rss_bytes: says how much memory it holds.
        seconds: how long it is overloaded.
        deadline_s: CLEARBG_REQUEST_TIMEOUT_S of the service.
        capacity_s: how long each of two closed loops takes, to learn the capacity.

    Raises:
        RuntimeError: it does not make images at all.
    """
    await capacity_hz(upload, capacity_s / 4)  # warms up
    idle_s = statistics.median([one.latency_s for one in await one_by_one(upload, IDLE_REQUESTS)])
    before_hz = await capacity_hz(upload, capacity_s)
    if not before_hz:
        raise RuntimeError(f"no image in {capacity_s:g} s: there is no capacity to overload")
    start_bytes = rss_bytes()
    watching = asyncio.create_task(most(rss_bytes))
    answers, recovery_s = await overload(upload, FACTOR * before_hz, seconds, RECOVERED * idle_s)
    watching.cancel()
    after_hz = await capacity_hz(upload, capacity_s)
    return Report(
        deadline_s=deadline_s,
        capacity_hz=(before_hz + after_hz) / 2,
        idle_s=idle_s,
        answers=answers,
        rss_start_bytes=start_bytes,
        rss_max_bytes=await watching,
        recovery_s=recovery_s,
    )


def uploading(url: str, key: str) -> Upload:
    """What overloads the service at this URL."""
    return Upload(url, key, bytes(simplejpeg.encode_jpeg(photo(*PHOTO), quality=90)))


async def one_by_one(upload: Upload, count: int) -> list[Answer]:
    """Single requests."""
    return [await upload.send(time.perf_counter()) for _ in range(count)]


async def capacity_hz(upload: Upload, seconds: float) -> float:
    """Images a second when there is always a next one."""
    started = time.perf_counter()
    answers = await closed_loop(upload.send, CONCURRENCY, seconds)
    return sum(one.status == 200 for one in answers) / (time.perf_counter() - started)


async def overload(
    upload: Upload, rate_hz: float, seconds: float, recovered_s: float
) -> tuple[list[Answer], float | None]:
    """The answers, and how long after the last arrival the service was as fast as before."""
    arriving = asyncio.create_task(open_loop(upload.send, rate_hz, seconds))
    await asyncio.sleep(seconds)
    ended = time.perf_counter()
    recovery_s = None
    while recovery_s is None and time.perf_counter() < ended + GIVE_UP_S:
        single = await upload.send(time.perf_counter())
        if single.status == 200 and single.latency_s <= recovered_s:
            recovery_s = single.due - ended
        await asyncio.sleep(0.1)
    return await arriving, recovery_s


async def most(rss_bytes: Callable[[], int]) -> int:
    """The most that it says, until this is cancelled."""
    seen = rss_bytes()
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0.1)
            seen = max(seen, rss_bytes())
    return seen


def main(seconds: float) -> int:
    """Print the report; how many targets were missed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        under_load.service(Path(folder), request_timeout_s=DEADLINE_S) as service,
    ):
        upload = uploading(service.url, service.api_key)
        process = psutil.Process(service.process.pid)
        report = uvloop.run(measured(upload, lambda: process.memory_info().rss, seconds))
        fallbacks = service.metric("clearbg_fallbacks_total")
    console = Console()
    console.print(report.table())
    missed = [name for name, met in report.met.items() if not met]
    console.print(f"Given to the CPU: {fallbacks:.0f}. Missed: {', '.join(missed) or 'nothing'}.")
    return len(missed)


if __name__ == "__main__":
    sys.exit(bool(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)))
