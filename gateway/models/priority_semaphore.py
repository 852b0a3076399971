"""A semaphore that admits images in order of priority, then of arrival."""

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.errors import DeadlineExceeded, ModelUnavailable
from gateway.models.fair_order import Place
from gateway.models.model import Priority


@dataclass(frozen=True)
class ConcurrencyLimit:
    """How many images may be processed at the same time; None: any number."""

    images: int | None = None
    """Of both priorities together."""
    bulk: int | None = None
    """Of bulk images."""
    paced: bool = False
    """For a single Triton server on a CPU: admit only half of the interactive images, and bulk
    images only while nothing else is admitted.

    While its model is busy, Triton 2.51 looks at its queue only when a request arrives, else twice
    a second. Since images are held back here, each answer admits the next image, so a request
    always arrives. An image that finds the server busy with one other image waits here until the
    server is idle; on a CPU it would not be computed earlier in the server's queue."""


@dataclass(order=True)
class _Waiter:
    priority: Priority
    place: Place
    """Orders equal priorities."""
    admission: asyncio.Future[None] = field(compare=False)


class PrioritySemaphore:
    """Limits how many images are processed at once, and admits interactive images first.

    Args:
        limit: returns the current limit; called whenever an image arrives or leaves.
    """

    def __init__(self, limit: Callable[[], ConcurrencyLimit]) -> None:
        self._limit = limit
        self._waiters: list[_Waiter] = []
        self._admitted: Counter[Priority] = Counter()

    @asynccontextmanager
    async def acquire(
        self, priority: Priority, place: Place, *, timeout_s: float
    ) -> AsyncIterator[None]:
        """Wait until one image is admitted, and count it as admitted until the block ends.

        Args:
            priority: a lower value is admitted first.
            place: within a priority, a lower one is admitted first.
            timeout_s: seconds to wait for admission.

        Raises:
            DeadlineExceeded: the image was not admitted in time.
            ModelUnavailable: `close` was called.
        """
        admission = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, _Waiter(priority, place, admission))
        self._admit_waiters()
        try:
            try:
                async with asyncio.timeout(timeout_s):
                    await admission
            except TimeoutError as error:
                raise DeadlineExceeded(timeout_s) from error
            yield
        finally:
            if admission.cancelled() or admission.exception():
                self._waiters = [
                    waiter for waiter in self._waiters if waiter.admission is not admission
                ]
                heapq.heapify(self._waiters)
            else:
                self._admitted[priority] -= 1
            self._admit_waiters()

    def close(self, reason: ModelUnavailable) -> None:
        """Reject all images that wait, with this error."""
        for waiter in self._waiters:
            if not waiter.admission.done():
                waiter.admission.set_exception(reason)

    def _admit_waiters(self) -> None:
        while self._waiters and self._has_room(self._waiters[0].priority):
            waiter = heapq.heappop(self._waiters)
            if not waiter.admission.done():
                self._admitted[waiter.priority] += 1
                waiter.admission.set_result(None)

    def _has_room(self, priority: Priority) -> bool:
        limit, admitted = self._limit(), self._admitted.total()
        if limit.images is not None and admitted >= limit.images:
            return False
        if priority is Priority.BULK:
            is_busy = limit.paced and admitted > 0
            is_full = limit.bulk is not None and self._admitted[Priority.BULK] >= limit.bulk
            return not is_busy and not is_full
        if not limit.paced:
            return True
        waiting = sum(waiter.priority is Priority.INTERACTIVE for waiter in self._waiters)
        interactive = self._admitted[Priority.INTERACTIVE] + waiting
        return admitted < max(1, interactive // 2)
