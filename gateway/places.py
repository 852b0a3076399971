"""Places for what is being received: how large it is is known when it is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cachetools import LRUCache

from gateway.errors import Overloaded
from gateway.metrics import REFUSALS

RETRY_AFTER_S = 2.0
KEYS = 10_000


class Places:
    """So many in all, and half as many for one key: nobody can take them all.

    Args:
        total: places.
        what: takes them, for the message to who gets none.
    """

    def __init__(self, total: int, what: str) -> None:
        self._what = what
        self._all = asyncio.Semaphore(max(2, total))
        self._share = max(1, total // 2)
        self._of_key: LRUCache[int, asyncio.Semaphore] = LRUCache(KEYS)

    @asynccontextmanager
    async def place(self, key_id: int, wait_s: float) -> AsyncIterator[None]:
        """Hold a place inside the block.

        Raises:
            Overloaded: none became free in `wait_s` seconds.
        """
        own = self._of_key.setdefault(key_id, asyncio.Semaphore(self._share))
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
