"""The threads in which images are decoded, composed and encoded."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from gateway import malloc
from gateway.concurrency import WhenIdle
from gateway.limits.admission import Reservation

P = ParamSpec("P")
R = TypeVar("R")

IDLE_S = 30.0
"""Seconds without an image after which freed memory is returned to the operating system."""


class CodecThreads:
    """Runs pixel work in a pool of threads, which keeps the event loop free.

    Args:
        count: threads.
    """

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, "codec")
        self._idle = WhenIdle(IDLE_S, lambda: self._pool.submit(malloc.release_freed_memory))

    async def run(
        self,
        work: Callable[P, R],
        reservation: Reservation | None,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call a function in a thread and return its result.

        Args:
            work: the function.
            reservation: its memory; held until the thread ends, also when the caller gives up.
            *args: of the function.
            **kwargs: likewise.
        """
        loop = asyncio.get_running_loop()
        context = copy_context()  # so that spans of the thread belong to the current span
        self._idle.restart()
        job = self._pool.submit(lambda: context.run(work, *args, **kwargs))
        if reservation:
            reservation.hold()
            job.add_done_callback(lambda _: loop.call_soon_threadsafe(reservation.release))
        return await asyncio.wrap_future(job)

    def close(self) -> None:
        """Wait for running work, and end the threads."""
        self._idle.stop()
        self._pool.shutdown()
