"""`python -m loadtest.overload [SECONDS]`: twice the load that the service can serve, and recovery.

First a closed loop measures the capacity; then an open loop sends twice that rate; then single
requests are sent until they are as fast as before. Exits with 1 when a target is missed.
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

from loadtest.arrivals import closed_loop, open_loop
from loadtest.bench import photo
from loadtest.overload_report import Report
from loadtest.service_under_load import ready_service
from loadtest.upload import Answer, Upload

SECONDS, CAPACITY_S, IDLE_REQUESTS = 300.0, 20.0, 8
CONCURRENCY, FACTOR = 4, 2.0
PHOTO = (600, 400)
"""A quarter of a megapixel: the model is the bottleneck, not the client that shares the cores."""
DEADLINE_S = 8.0
"""CLEARBG_REQUEST_TIMEOUT_S of the service: requests that were admitted are still served after the
overload, so that recovery takes about as long."""
RECOVERY_TIMEOUT_S = 60.0
RECOVERED_RATIO = 1.5
"""The service has recovered when a request takes at most this factor of the idle latency."""


async def measure(
    upload: Upload,
    rss_bytes: Callable[[], int],
    seconds: float,
    *,
    deadline_s: float = DEADLINE_S,
    capacity_s: float = CAPACITY_S,
) -> Report:
    """Overload a service, and report how it behaved.

    Args:
        upload: to the service.
        rss_bytes: returns the service's resident memory.
        seconds: duration of the overload.
        deadline_s: CLEARBG_REQUEST_TIMEOUT_S of the service.
        capacity_s: duration of each of the two closed loops that measure the capacity.

    Raises:
        RuntimeError: the service returns no cut-outs.
    """
    await measure_capacity_hz(upload, capacity_s / 4)  # warms up
    idle = await send_sequentially(upload, IDLE_REQUESTS)
    idle_s = statistics.median([answer.latency_s for answer in idle])
    before_hz = await measure_capacity_hz(upload, capacity_s)
    if not before_hz:
        raise RuntimeError(f"no cut-out in {capacity_s:g} s: there is no capacity to overload")
    start_bytes = rss_bytes()
    watching = asyncio.create_task(watch_peak(rss_bytes))
    recovered_s = RECOVERED_RATIO * idle_s
    answers, recovery_s = await overload(upload, FACTOR * before_hz, seconds, recovered_s)
    watching.cancel()
    after_hz = await measure_capacity_hz(upload, capacity_s)
    return Report(
        deadline_s=deadline_s,
        capacity_hz=(before_hz + after_hz) / 2,
        idle_s=idle_s,
        answers=answers,
        rss_start_bytes=start_bytes,
        rss_max_bytes=await watching,
        recovery_s=recovery_s,
    )


def small_upload(url: str, key: str) -> Upload:
    """Return an upload of PHOTO to the service at this URL."""
    return Upload(url, key, bytes(simplejpeg.encode_jpeg(photo(*PHOTO), quality=90)))


async def send_sequentially(upload: Upload, count: int) -> list[Answer]:
    """Send requests one after the other."""
    return [await upload.send(time.perf_counter()) for _ in range(count)]


async def measure_capacity_hz(upload: Upload, seconds: float) -> float:
    """Return the cut-outs per second when a next request is always waiting."""
    started = time.perf_counter()
    answers = await closed_loop(upload.send, CONCURRENCY, seconds)
    return sum(answer.status == 200 for answer in answers) / (time.perf_counter() - started)


async def overload(
    upload: Upload, rate_hz: float, seconds: float, recovered_s: float
) -> tuple[list[Answer], float | None]:
    """Send requests at a constant rate, then single ones until the service has recovered.

    Args:
        upload: to the service.
        rate_hz: requests per second.
        seconds: duration of the overload.
        recovered_s: latency at which the service counts as recovered.

    Returns:
        The answers to the overload, and the seconds from its end to the start of the first request
        with a recovered latency; None if there was none within RECOVERY_TIMEOUT_S.
    """
    arriving = asyncio.create_task(open_loop(upload.send, rate_hz, seconds))
    await asyncio.sleep(seconds)
    end = time.perf_counter()
    recovery_s = None
    while recovery_s is None and time.perf_counter() < end + RECOVERY_TIMEOUT_S:
        answer = await upload.send(time.perf_counter())
        if answer.status == 200 and answer.latency_s <= recovered_s:
            recovery_s = answer.due - end
        await asyncio.sleep(0.1)
    return await arriving, recovery_s


async def watch_peak(rss_bytes: Callable[[], int]) -> int:
    """Sample the memory until this is cancelled, and return the largest sample."""
    peak_bytes = rss_bytes()
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(0.1)
            peak_bytes = max(peak_bytes, rss_bytes())
    return peak_bytes


def main(seconds: float) -> int:
    """Print the report, and return how many targets were missed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ready_service(Path(folder), request_timeout_s=DEADLINE_S) as service,
    ):
        upload = small_upload(service.url, service.api_key)
        process = psutil.Process(service.process.pid)
        report = uvloop.run(measure(upload, lambda: process.memory_info().rss, seconds))
        fallbacks = service.metric("clearbg_fallbacks_total")
    console = Console()
    console.print(report.table())
    missed = [name for name, met in report.met.items() if not met]
    console.print(
        f"Fallbacks to the CPU: {fallbacks:.0f}. Missed targets: {', '.join(missed) or 'none'}."
    )
    return len(missed)


if __name__ == "__main__":
    sys.exit(bool(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)))
