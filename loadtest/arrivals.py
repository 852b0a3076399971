"""An open and a closed loop of requests, in asyncio."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from loadtest.upload import Answer

Send = Callable[[float], Awaitable[Answer]]
"""Sends a request; its argument is the `time.perf_counter` at which the request was due."""


async def open_loop(send: Send, rate_hz: float, seconds: float) -> list[Answer]:
    """Start requests at a constant rate, however long the answers take.

    Latency counts from the scheduled start of a request. If it counted from the real start, a
    stall that delays later requests would appear in one of them only (coordinated omission).

    Args:
        send: sends one request.
        rate_hz: requests per second.
        seconds: how long new requests are started.
    """
    first = time.perf_counter()
    tasks = []
    for number in range(round(rate_hz * seconds)):
        due = first + number / rate_hz
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(send(due)))
    return await asyncio.gather(*tasks)


async def closed_loop(send: Send, concurrency: int, seconds: float) -> list[Answer]:
    """Run callers that each send their next request when the last one is answered.

    A rejected caller waits for the Retry-After of its answer first.

    Args:
        send: sends one request.
        concurrency: how many callers there are.
        seconds: how long new requests are started.
    """
    end = time.perf_counter() + seconds

    async def caller() -> list[Answer]:
        answers = []
        while (now := time.perf_counter()) < end:
            answers.append(await send(now))
            await asyncio.sleep(answers[-1].retry_after_s or 0)
        return answers

    return sum(await asyncio.gather(*(caller() for _ in range(concurrency))), [])
