"""Packed masks in a Valkey or Redis, for all replicas."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.concurrency import Cooldown
from gateway.masks.key import MaskKey
from gateway.network.valkey import MAX_CONNECTIONS, connection_pool
from gateway.observability.metrics import MASK_STORE_FAILURES

log = logging.getLogger(__name__)

TIMEOUT_S = 0.5
"""For one call to the store, which usually takes a millisecond."""
COOLDOWN_S = 1.0
"""How long the store is not called after it failed."""


class SharedMasks:
    """A store that never fails a request: what does not work in time counts as not found.

    Args:
        url: of the store, `redis://…` or `valkey://…`.
        ttl_s: seconds after which it drops a mask.

    Raises:
        BadStoreUrl: the URL is malformed.
    """

    def __init__(self, url: str, ttl_s: float) -> None:
        from redis.asyncio import Redis  # here, since importing it takes a tenth of a second

        pool = connection_pool(url, setting="CLEARBG_MASK_CACHE_URL", connect_timeout_s=TIMEOUT_S)
        self._store = Redis.from_pool(pool)
        self._ttl_ms = max(1, round(ttl_s * 1000))
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self._cooldown = Cooldown(COOLDOWN_S)

    async def get(self, key: MaskKey) -> bytes | None:
        """Return a mask; None if there is none, or the store is down."""
        found = await self._call(lambda: self._store.get(_name(key)))
        return found if isinstance(found, bytes) else None

    async def put(self, key: MaskKey, packed: bytes) -> None:
        """Keep a mask, unless the store is down."""
        await self._call(lambda: self._store.set(_name(key), packed, px=self._ttl_ms))

    async def close(self) -> None:
        """Close the connections."""
        await self._store.aclose()

    async def _call(self, command: Callable[[], Awaitable[object]]) -> object:
        from redis.exceptions import RedisError

        if self._cooldown.is_active:
            return None
        try:
            async with asyncio.timeout(TIMEOUT_S), self._connections:
                return await command()
        except (RedisError, OSError, TimeoutError) as error:
            MASK_STORE_FAILURES.inc()
            if not self._cooldown.is_active:  # another call may have failed meanwhile
                self._cooldown.start()
                log.warning("the store of masks is down (%r): masks are computed", error)
            return None


def _name(key: MaskKey) -> str:
    return f"clearbg:mask:{key.digest}"
