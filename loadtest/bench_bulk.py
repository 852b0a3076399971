"""`make bench-bulk`: what bulk jobs cost, and what they cost others.

[cpu|embedded]: where the model runs. The whole service, over HTTP.
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
from loadtest.subject import stored
from tests.end_to_end.service import Service, running

ROUNDS, IMAGES, CONCURRENCY, INTERACTIVE = 3, 50, 4, 20
PHOTO = (1224, 816)
LARGE_BYTES = 5_000_000
BATCH = 2
"""Triton's largest on a CPU: an interactive image may wait for one, and a fifth more."""
UNLIMITED = {"rate_limit_requests_per_minute": 0, "rate_limit_megapixels_per_minute": 0}


def client(url: str, key: str) -> httpx.AsyncClient:
    """Asks a service."""
    return httpx.AsyncClient(base_url=url, headers={"X-API-Key": key}, timeout=300)


async def job_s(api: httpx.AsyncClient, image: bytes) -> float:
    """Seconds from a job's upload until its end is known."""
    started = time.perf_counter()
    await ended(api, await begun(api, image))
    return time.perf_counter() - started


async def begun(api: httpx.AsyncClient, image: bytes) -> str:
    """Send a job."""
    files = [("images", (f"{number}.jpg", image)) for number in range(IMAGES)]
    answer = await api.post("/v1/bulk", files=files)
    job_id: str = answer.raise_for_status().json()["job_id"]
    return job_id


async def ended(api: httpx.AsyncClient, job_id: str) -> None:
    """Wait for it, as server-sent events tell it."""
    async with api.stream("GET", f"/v1/bulk/{job_id}/events") as answer:
        async for _ in answer.aiter_lines():
            pass
    job = (await api.get(f"/v1/bulk/{job_id}")).json()
    assert job["status"] == "completed", job


async def one_by_one_s(api: httpx.AsyncClient, image: bytes) -> float:
    """Seconds for the same images through /v1/removebg."""
    free = asyncio.Semaphore(CONCURRENCY)

    async def one() -> None:
        async with free:
            answer = await api.post("/v1/removebg", files={"image": image})
            assert answer.status_code == 200, answer.text

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(IMAGES)))
    return time.perf_counter() - started


async def latencies_s(api: httpx.AsyncClient, image: bytes) -> list[float]:
    """Seconds of interactive requests, one after the other."""
    spent = []
    for _ in range(INTERACTIVE):
        started = time.perf_counter()
        answer = await api.post("/v1/removebg", files={"image": image})
        assert answer.status_code == 200, answer.text
        spent.append(time.perf_counter() - started)
    return spent


async def costs(service: Service, console: Console) -> None:
    """What a job costs beside the same images alone, and what interactive requests wait for it."""
    image = bytes(simplejpeg.encode_jpeg(photo(*PHOTO), quality=90))
    async with client(service.url, service.api_key) as api:
        await one_by_one_s(api, image)  # warms up
        rounds = [(await job_s(api, image), await one_by_one_s(api, image)) for _ in range(ROUNDS)]
        job, alone = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratio = statistics.median(a / b for a, b in rounds)
        console.print(
            f"{IMAGES} photos of 1 MP: {job:.1f} s as a job, {alone:.1f} s through /v1/removebg "
            f"at concurrency {CONCURRENCY}: {ratio:.2f} (medians of {ROUNDS} interleaved rounds)"
        )
        idle = await latencies_s(api, image)
        job_id = await begun(api, image)
        busy = await latencies_s(api, image)
        limit_s = p95(idle) + 1.2 * BATCH * alone / IMAGES
        still = (await api.get(f"/v1/bulk/{job_id}")).json()["finished_at"] is None
        console.print(
            f"Interactive: p50 {statistics.median(idle):.2f} s and p95 {p95(idle):.2f} s idle, "
            f"{statistics.median(busy):.2f} and {p95(busy):.2f} s while a job of {IMAGES} is done"
            f"{'' if still else ' (which ended before)'}; the limit, by one full batch, is "
            f"{limit_s:.2f} s"
        )
        await ended(api, job_id)


async def upload(console: Console) -> None:
    """Memory of the gateway while large images come in, none of which is done."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (1500, 1500, 3), np.uint8)
    image = bytes(simplejpeg.encode_jpeg(noise, quality=95))
    image += bytes(max(0, LARGE_BYTES - len(image)))
    with (
        tempfile.TemporaryDirectory() as folder,
        stored(Path(folder), "--jobs", bulk_work="elsewhere") as subject,
    ):
        async with client(subject.http_url, subject.key) as api:
            before = most = subject.rss_bytes()
            sending = asyncio.create_task(begun(api, image))
            while not sending.done():
                most = max(most, subject.rss_bytes())
                await asyncio.sleep(0.02)
            await sending
    console.print(
        f"{IMAGES} images of {len(image) / 1e6:.1f} MB uploaded: RSS {before / 1e6:.0f} MB before, "
        f"{most / 1e6:.0f} MB at most"
    )


async def main(triton: str) -> None:
    """Print all of it."""
    console = Console()
    console.print(f"{psutil.cpu_count()} cores, model: {triton}")
    settings = UNLIMITED | {"triton": "embedded" if triton == "embedded" else "off"}
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **settings) as service:
        await costs(service, console)
    await upload(console)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1] if len(sys.argv) > 1 else "embedded"))
