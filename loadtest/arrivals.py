"""Two ways to put load on a service, in asyncio."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from loadtest.upload import Answer

Send = Callable[[float], Awaitable[Answer]]
"""Sends a request that was due at this time."""


async def open_loop(send: Send, rate_hz: float, seconds: float) -> list[Answer]:
    """Start requests at a constant rate, whatever the answers do.

    Each counts from the start that the schedule had for it. If it counted from its real start, a
    stall that delays the next requests would be seen by one of them only (coordinated omission).
    """
    first = time.perf_counter()
    tasks = []
    for number in range(round(rate_hz * seconds)):
        due = first + number / rate_hz
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(send(due)))
    return await asyncio.gather(*tasks)


async def closed_loop(send: Send, concurrency: int, seconds: float) -> list[Answer]:
    """Keep so many requests under way; each caller starts its next one when it has its answer.

    If it was refused, it waits as long as it was told.
    """
    end = time.perf_counter() + seconds

    async def caller() -> list[Answer]:
        answers = []
        while (now := time.perf_counter()) < end:
            answers.append(await send(now))
            await asyncio.sleep(answers[-1].retry_after_s or 0)
        return answers

    return sum(await asyncio.gather(*(caller() for _ in range(concurrency))), [])
