"""Rate limits: how much each caller may do in a minute, counted in memory or in Valkey.

The counting is the `limits` library's sliding window: what was counted in the minute before still
counts, in proportion to how much of it the last 60 seconds cover. In Valkey it is one script, so
that replicas share one exact count.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.errors import LimitsUnavailable, RateLimited
from gateway.metrics import RATE_LIMIT_FAILURES, REFUSALS

log = logging.getLogger(__name__)

WINDOW_S = 60
STORE_TIMEOUT_S = 0.5
"""For one question to the store; what takes longer counts as down."""
MAX_CONNECTIONS = 16
"""A question takes a fraction of a millisecond: more would only make the store slower."""
PAUSE_S = 1.0
"""A store that was down is not asked for so long: no request waits for it in vain meanwhile."""


class BadStore(ValueError):
    """The URL of the store is none that can be used. The message names the setting."""


@dataclass(frozen=True)
class Limit:
    """So many units a minute."""

    name: str
    quota: int
    """0 or less: no limit."""
    unit: int = 1
    """Smallest steps that are counted in one unit of the quota."""


@dataclass(frozen=True)
class Window:
    """Where a caller stands with a limit, after this request."""

    limit: Limit
    remaining: int
    """Units, the last one begun: 0 is nothing at all."""
    reset_s: float
    """Until the minute's end; when refused, until this request would pass."""


class RateLimits:
    """Counts what callers spend.

    Args:
        url: `redis://…` or `valkey://…`, shared by all replicas; empty counts in this process.
        fail: what to do while the store is down: let everybody pass, or nobody.
    """

    def __init__(self, url: str, *, fail: Literal["open", "closed"]) -> None:
        self._pool = _pool(url) if url else None
        self._storage = _storage(self._pool) if self._pool else MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        # redis-py's own pool that waits costs a third of a millisecond.
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self._fail = fail
        self._down_until = 0.0

    async def close(self) -> None:
        """Close the connections to the store."""
        if self._pool:
            await self._pool.aclose()

    async def spend(self, limit: Limit, who: str, cost: int = 1) -> bool:
        """Count `cost` steps of a caller if the limit allows them all, else none.

        A cost above the whole quota is taken as the whole quota: a large image passes when the
        caller has sent nothing else for a while.

        Returns:
            Whether it passed: also when there is no limit, or the store is down and that is to
            let all pass.

        Raises:
            LimitsUnavailable: the store is down, and the settings say to fail closed.
        """
        if limit.quota <= 0:
            return True
        cost = min(cost, limit.quota * limit.unit)
        try:
            async with self._store():
                return await self._limiter.hit(_item(limit), limit.name, who, cost=cost)
        except (StorageError, TimeoutError) as error:
            self._without_store(error)
            return True

    async def window(self, limit: Limit, who: str, refused: int = 0) -> Window | None:
        """Where a caller stands, of whom `refused` steps were or would be refused.

        Returns:
            None when there is no limit, or the store is down.
        """
        if limit.quota <= 0:
            return None
        key = _item(limit).key_for(limit.name, who)
        try:
            async with self._store():
                seen = await self._storage.get_sliding_window(key, WINDOW_S)
        except (StorageError, TimeoutError):
            return None  # told by whoever spends
        before, before_ttl_s, now, now_ttl_s = seen
        quota = limit.quota * limit.unit
        left = quota - before * before_ttl_s / WINDOW_S - now
        rest_s = now_ttl_s % WINDOW_S or WINDOW_S  # the window outlives its minute by another one
        free = quota - min(refused, quota)
        wait_s = _wait_s(free, before, before_ttl_s, now, rest_s) if refused else rest_s
        return Window(limit, max(0, math.ceil(left / limit.unit)), wait_s)

    @staticmethod
    def refusal(limit: Limit, window: Window | None) -> RateLimited:
        """What to tell a caller who was refused."""
        REFUSALS.labels("rate limit").inc()
        wait_s = window.reset_s if window else WINDOW_S
        return RateLimited(f"More than {limit.quota} {limit.name} a minute.", wait_s)

    @asynccontextmanager
    async def _store(self) -> AsyncIterator[None]:
        """Ask the store, within its time; not at all while it is known to be down."""
        if time.monotonic() < self._down_until:
            raise TimeoutError
        async with asyncio.timeout(STORE_TIMEOUT_S), self._connections:
            yield

    def _without_store(self, error: Exception) -> None:
        RATE_LIMIT_FAILURES.inc()
        if time.monotonic() >= self._down_until:
            self._down_until = time.monotonic() + PAUSE_S
            log.warning("the rate limits' store is down (%r): failing %s", error, self._fail)
        if self._fail == "closed":
            raise LimitsUnavailable("The service cannot check its limits.", PAUSE_S) from error


def _wait_s(free: int, before: int, before_ttl_s: float, now: int, rest_s: float) -> float:
    """Seconds until the sliding window counts at most `free`.

    The minute before fades linearly; when this one is over, it begins to fade in its place.
    """
    if now > free:
        return rest_s + WINDOW_S * (1 - free / now)
    return max(0.0, before_ttl_s - (free - now) * WINDOW_S / before) if before else 0.0


def _item(limit: Limit) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(limit.quota * limit.unit, namespace="clearbg")


def _storage(pool: ConnectionPool) -> RedisStorage:
    return RedisStorage(
        "async+redis://",  # the pool knows better
        implementation="redispy",
        wrap_exceptions=True,
        connection_pool=pool,  # type: ignore[arg-type] # passed on to redis-py as it is
    )


def _pool(url: str) -> ConnectionPool:
    try:
        return ConnectionPool.from_url(
            url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
            socket_connect_timeout=STORE_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise BadStore(f"CLEARBG_RATE_LIMIT_URL cannot be used: {error}") from error
