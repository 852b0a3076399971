"""Limits how many messages are received at once, since their size is known only afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cachetools import LRUCache

from gateway.errors import Overloaded
from gateway.observability.metrics import REFUSALS

RETRY_AFTER_S = 2.0
MAX_KEYS = 10_000
"""Keys that are remembered; the least recently used one is dropped first."""


class ReceiveSlots:
    """A number of slots, of which one key can use at most half.

    Args:
        total: number of slots.
        what: uses them, for the error message, e.g. `streams are open`.
    """

    def __init__(self, total: int, what: str) -> None:
        self._what = what
        self._all = asyncio.Semaphore(max(2, total))
        self._share = max(1, total // 2)
        self._by_key: LRUCache[int, asyncio.Semaphore] = LRUCache(MAX_KEYS)

    @asynccontextmanager
    async def slot(self, key_id: int, wait_s: float) -> AsyncIterator[None]:
        """Hold a slot inside the block.

        Args:
            key_id: whose slots are limited.
            wait_s: seconds to wait for a free slot.

        Raises:
            Overloaded: no slot became free in time.
        """
        own = self._by_key.setdefault(key_id, asyncio.Semaphore(self._share))
        try:
            async with asyncio.timeout(wait_s):
                await own.acquire()
                try:
                    await self._all.acquire()
                except BaseException:
                    own.release()
                    raise
        except TimeoutError as error:
            REFUSALS.labels("places").inc()
            raise Overloaded(f"Too many {self._what}.", RETRY_AFTER_S) from error
        try:
            yield
        finally:
            self._all.release()
            own.release()
