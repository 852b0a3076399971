"""`make bench-bulk`: costs of bulk jobs, and how they delay interactive requests.

[cpu|embedded]: where the model runs. It runs the whole service, over HTTP.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx
import numpy as np
import psutil
import simplejpeg
import uvloop
from rich.console import Console

from loadtest.bench import photo
from loadtest.bench_triton import p95
from loadtest.service_process import stored_mask_service
from tests.end_to_end.service import Service, running

ROUNDS, IMAGES, CONCURRENCY, INTERACTIVE = 3, 50, 4, 20
PHOTO = (1224, 816)
LARGE_BYTES = 5_000_000
BATCH = 2
"""Triton's largest batch on a CPU: an interactive image may wait for one, plus 20 %."""
UNLIMITED = {"rate_limit_requests_per_minute": 0, "rate_limit_megapixels_per_minute": 0}


def client(url: str, key: str) -> httpx.AsyncClient:
    """Return an HTTP client for a service."""
    return httpx.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=300)


async def job_s(api: httpx.AsyncClient, image: bytes) -> float:
    """Return the seconds from the upload of a job until its end is reported."""
    started = time.perf_counter()
    await wait_for_end(api, await upload_job(api, image))
    return time.perf_counter() - started


async def upload_job(api: httpx.AsyncClient, image: bytes) -> str:
    """Create a job, and return its id."""
    files = [("images", (f"{number}.jpg", image)) for number in range(IMAGES)]
    answer = await api.post("/v1/bulk", files=files)
    job_id: str = answer.raise_for_status().json()["job_id"]
    return job_id


async def wait_for_end(api: httpx.AsyncClient, job_id: str) -> None:
    """Wait for the end of a job, by its server-sent events."""
    async with api.stream("GET", f"/v1/bulk/{job_id}/events") as answer:
        async for _ in answer.aiter_lines():
            pass
    job = (await api.get(f"/v1/bulk/{job_id}")).json()
    assert job["status"] == "completed", job


async def single_images_s(api: httpx.AsyncClient, image: bytes) -> float:
    """Return the seconds for the same images through /v1/removebg."""
    semaphore = asyncio.Semaphore(CONCURRENCY)

    async def remove() -> None:
        async with semaphore:
            answer = await api.post("/v1/removebg", files={"image": image})
            assert answer.status_code == 200, answer.text

    started = time.perf_counter()
    await asyncio.gather(*(remove() for _ in range(IMAGES)))
    return time.perf_counter() - started


async def latencies_s(api: httpx.AsyncClient, image: bytes) -> list[float]:
    """Return the latencies of interactive requests, one after the other."""
    latencies = []
    for _ in range(INTERACTIVE):
        started = time.perf_counter()
        answer = await api.post("/v1/removebg", files={"image": image})
        assert answer.status_code == 200, answer.text
        latencies.append(time.perf_counter() - started)
    return latencies


async def measure_job(service: Service, console: Console) -> None:
    """Compare a job with single requests, and interactive latency with and without a job."""
    image = bytes(simplejpeg.encode_jpeg(photo(*PHOTO), quality=90))
    async with client(service.url, service.api_key) as api:
        await single_images_s(api, image)  # warms up
        rounds = [
            (await job_s(api, image), await single_images_s(api, image)) for _ in range(ROUNDS)
        ]
        job, single = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(a / b for a, b in rounds)
        console.print(
            f"{IMAGES} photos of 1 MP: {job:.1f} s as a job, {single:.1f} s through /v1/removebg "
            f"at concurrency {CONCURRENCY}: {ratio:.2f} (medians of {ROUNDS} interleaved rounds)"
        )
        idle = await latencies_s(api, image)
        job_id = await upload_job(api, image)
        busy = await latencies_s(api, image)
        limit_s = p95(idle) + 1.2 * BATCH * single / IMAGES
        is_running = (await api.get(f"/v1/bulk/{job_id}")).json()["finished_at"] is None
        console.print(
            f"Interactive: p50 {statistics.median(idle):.2f} s and p95 {p95(idle):.2f} s idle, "
            f"{statistics.median(busy):.2f} and {p95(busy):.2f} s during a job of {IMAGES}"
            f"{'' if is_running else ' (which ended before)'}; the limit, by one full batch, is "
            f"{limit_s:.2f} s"
        )
        await wait_for_end(api, job_id)


async def measure_upload(console: Console) -> None:
    """Measure the gateway's memory while it receives large images, of which none is processed."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (1500, 1500, 3), np.uint8)
    image = bytes(simplejpeg.encode_jpeg(noise, quality=95))
    image += bytes(max(0, LARGE_BYTES - len(image)))
    with (
        tempfile.TemporaryDirectory() as folder,
        stored_mask_service(Path(folder), "--jobs", bulk_work="elsewhere") as service,
    ):
        async with client(service.http_url, service.key) as api:
            before = peak = service.rss_bytes()
            sending = asyncio.create_task(upload_job(api, image))
            while not sending.done():
                peak = max(peak, service.rss_bytes())
                await asyncio.sleep(0.02)
            await sending
    console.print(
        f"{IMAGES} images of {len(image) / 1e6:.1f} MB uploaded: RSS {before / 1e6:.0f} MB before, "
        f"{peak / 1e6:.0f} MB at most"
    )


async def main(triton: str) -> None:
    """Print all measurements."""
    console = Console()
    console.print(f"{psutil.cpu_count()} cores, model: {triton}")
    settings = UNLIMITED | {"triton": "embedded" if triton == "embedded" else "off"}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **settings) as service:
        await measure_job(service, console)
    await measure_upload(console)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else "embedded"))
