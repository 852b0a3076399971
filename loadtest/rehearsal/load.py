"""Steady mixed load through the proxy: keep-alive, HTTP/2, gRPC, streams and bulk jobs."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import httpx

from gateway.client import AsyncBulkClient, AsyncClient, ItemStatus, Problem
from loadtest.rehearsal.outcomes import Outcomes

Result = TypeVar("Result")

JOB_IMAGES = 2
BULK_EVERY = 10
"""One in so many requests is a bulk job."""
MAX_PAUSE_S = 10.0
HTTP2 = ("--http2-prior-knowledge", "--silent", "--max-time", "60", "--output", "/dev/null")


@dataclass
class Load:
    """Clients of the service, none of which retries by itself.

    Create it inside the event loop.

    Args:
        address: `host:port` of the proxy.
        key: an API key.
        photo: what is sent.
        outcomes: counts the requests.
    """

    address: str
    key: str
    photo: Path
    outcomes: Outcomes
    accepted: set[str] = field(default_factory=set)
    """Jobs that were accepted."""
    completed: set[str] = field(default_factory=set)
    """Jobs that have ended with all results, which were read."""

    def __post_init__(self) -> None:
        self._image = self.photo.read_bytes()
        self.http = AsyncClient(f"http://{self.address}", self.key, attempts=1)
        self.grpc = AsyncClient(f"grpc://{self.address}", self.key, attempts=1)
        self.bulk = AsyncBulkClient(f"http://{self.address}", self.key, attempts=1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def images_per_second(self, callers: int, seconds: float) -> float:
        """Measure the capacity: callers that send one image after the other."""
        loop = asyncio.get_running_loop()
        started, done = loop.time(), 0

        async def call() -> None:
            nonlocal done
            while loop.time() - started < seconds:
                with contextlib.suppress(Problem):
                    await self.http.remove(self._image)
                    done += 1

        await asyncio.gather(*(call() for _ in range(callers)))
        return done / (loop.time() - started)

    @asynccontextmanager
    async def running(self, per_second: float) -> AsyncIterator[None]:
        """Send requests at a constant rate inside the block; at its end, wait for their answers."""
        sending = asyncio.create_task(self._send(1 / per_second))
        try:
            yield
        finally:
            sending.cancel()
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Close all connections."""
        for client in (self.http, self.grpc, self.bulk):
            await client.close()

    async def _send(self, interval_s: float) -> None:
        kinds = itertools.cycle((self._keep_alive, self._http2, self._grpc, self._stream))
        for number in itertools.count():
            kind = self._job if number % BULK_EVERY == BULK_EVERY - 1 else next(kinds)
            task = asyncio.create_task(kind())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(interval_s)

    async def _keep_alive(self) -> None:
        with self.outcomes.request("keep-alive"):
            await self.http.remove(self._image)

    async def _grpc(self) -> None:
        with self.outcomes.request("gRPC"):
            await self.grpc.remove(self._image)

    async def _stream(self) -> None:
        """Send two images on the one stream; a stream that ends is replaced by the next image."""

        async def one() -> None:
            with self.outcomes.request("stream"):
                await self.grpc.remove_streamed(self._image)

        await asyncio.gather(one(), one())

    async def _http2(self) -> None:
        """By curl: httpx has HTTP/2 only with another package."""
        with self.outcomes.request("HTTP/2"):
            url = f"http://{self.address}/v1/removebg"
            arguments = ("--form", f"image=@{self.photo}", "--header", f"X-API-Key: {self.key}")
            process = await asyncio.create_subprocess_exec(
                *("curl", *HTTP2, "--write-out", "%{http_code}", *arguments, url),
                stdout=asyncio.subprocess.PIPE,
            )
            status = (await process.communicate())[0].decode()
            if status != "200":
                is_retryable = status in ("000", "502", "503")
                raise Problem(f"http-{status}", "", retry_after_s=1 if is_retryable else None)

    async def _job(self) -> None:
        """Send a job, wait for its end, and read its results; repeat calls that may be repeated."""
        key = uuid4().hex
        images = [self.photo] * JOB_IMAGES
        with self.outcomes.request("bulk job"):
            job_id = await self._repeat(lambda: self.bulk.create(images, idempotency_key=key))
            self.accepted.add(job_id)
            await self._follow(job_id)
            job = await self._repeat(lambda: self.bulk.get(job_id))
            if any(image.status is not ItemStatus.SUCCEEDED for image in job.images):
                raise Problem(f"job-{job.status}", "")
            for number in range(JOB_IMAGES):
                await self._repeat(lambda number=number: self.bulk.result(job_id, number))  # type: ignore[misc]
            self.completed.add(job_id)

    async def _follow(self, job_id: str) -> None:
        """Read server-sent events until the job ends; open another stream where one breaks."""
        path, headers = f"/v1/bulk/{job_id}/events", {"X-API-Key": self.key}
        async with httpx.AsyncClient(base_url=f"http://{self.address}", timeout=120) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    async with client.stream("GET", path, headers=headers) as events:
                        async for line in events.aiter_lines():
                            if line == "event: end":
                                return
                self.outcomes.current.retried["events"] += 1
                await asyncio.sleep(1)

    async def _repeat(self, call: Callable[[], Awaitable[Result]]) -> Result:
        while True:
            try:
                return await call()
            except Problem as problem:
                if not problem.is_retryable:
                    raise
                self.outcomes.current.retried[problem.slug] += 1
                await asyncio.sleep(min(problem.retry_after_s or 1, MAX_PAUSE_S))
