"""Rate limits: how much each caller may do in a minute, counted in memory or in Valkey.

The algorithm is the sliding window counter of the `limits` library: the count of the previous
minute still counts, in proportion to how much of that minute lies in the last 60 seconds. In Valkey
one script checks and counts, so replicas share one exact count.
"""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from gateway.concurrency import Cooldown
from gateway.errors import LimitsUnavailable, RateLimited
from gateway.network.valkey import MAX_CONNECTIONS, connection_pool
from gateway.observability.metrics import RATE_LIMIT_FAILURES, REFUSALS

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

log = logging.getLogger(__name__)

WINDOW_S = 60
STORE_TIMEOUT_S = 0.5
"""For one call to the store; a store that takes longer counts as down."""
COOLDOWN_S = 1.0
"""How long the store is not called after it failed."""


@dataclass(frozen=True)
class Limit:
    """A quota of units per minute, or per month."""

    name: str
    """Plural noun of the units; part of the key in the store and of error messages."""
    quota: int
    """Units per window; 0 or less: no limit."""
    unit: int = 1
    """Steps in one unit; costs are counted in steps (one megapixel is 1,000,000 pixels)."""
    window_s: int = WINDOW_S
    """Length of the minute or the month."""


@dataclass(frozen=True)
class Window:
    """What is left of one caller's limit after a request."""

    limit: Limit
    remaining: int
    """Units, rounded up: 0 means that nothing at all is left."""
    reset_s: float
    """Seconds until the current window ends; after a rejection, until the request would pass."""


class RateLimits:
    """Counts what callers spend, and decides whether it is within their limits.

    Args:
        url: `redis://…` or `valkey://…`, shared by all replicas; empty: count in this process.
        fail: while the store is down, `open` lets every request pass, `closed` none.
    """

    def __init__(self, url: str, *, fail: Literal["open", "closed"]) -> None:
        self._pool = (
            connection_pool(
                url, setting="CLEARBG_RATE_LIMIT_URL", connect_timeout_s=STORE_TIMEOUT_S
            )
            if url
            else None
        )
        self._storage = _storage(self._pool) if self._pool else MemoryStorage()
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        # redis-py's own blocking pool takes a third of a millisecond per call.
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self._fail = fail
        self._cooldown = Cooldown(COOLDOWN_S)

    async def close(self) -> None:
        """Close the connections to the store."""
        if self._pool:
            await self._pool.aclose()

    @property
    def store(self) -> str:
        """What counts: `memory`, of this process, or the name of a shared store."""
        return "Valkey" if self._pool else "memory"

    async def answers(self) -> bool:
        """Return whether the store answers now; memory always does."""
        try:
            async with self._store_access():
                return await self._storage.check()
        except (StorageError, TimeoutError):
            return False

    async def spend(self, limit: Limit, subject: str, cost: int = 1) -> bool:
        """Count `cost` steps if the limit allows all of them, else none.

        A cost above the whole quota counts as the whole quota, so that a large image passes if the
        caller has sent nothing else for a while.

        Args:
            limit: what is counted.
            subject: whose count it is: the id of a key, or a client's network.
            cost: in steps of the limit.

        Returns:
            True if it passed, if there is no limit, or if the store is down and `fail` is `open`.

        Raises:
            LimitsUnavailable: the store is down and `fail` is `closed`.
        """
        if limit.quota <= 0:
            return True
        cost = min(cost, limit.quota * limit.unit)
        try:
            async with self._store_access():
                return await self._limiter.hit(_item(limit), limit.name, subject, cost=cost)
        except (StorageError, TimeoutError) as error:
            self._on_store_failure(error)
            return True

    async def window(self, limit: Limit, subject: str, rejected: int = 0) -> Window | None:
        """Return what is left of a limit.

        Args:
            limit: as for `spend`.
            subject: as for `spend`.
            rejected: steps that were or would be rejected; `reset_s` is the time until they pass.

        Returns:
            None if there is no limit, or the store is down.
        """
        if limit.quota <= 0:
            return None
        key = _item(limit).key_for(limit.name, subject)
        try:
            async with self._store_access():
                counts = await self._storage.get_sliding_window(key, WINDOW_S)
        except (StorageError, TimeoutError):
            return None  # `spend` counts and logs the failure
        previous, previous_ttl_s, current, current_ttl_s = counts
        quota = limit.quota * limit.unit
        left = quota - previous * previous_ttl_s / WINDOW_S - current
        # The store keeps a minute's count for one minute more, as the previous one.
        minute_left_s = current_ttl_s % WINDOW_S or WINDOW_S
        allowed = quota - min(rejected, quota)
        reset_s = (
            _wait_s(allowed, previous, previous_ttl_s, current, minute_left_s)
            if rejected
            else minute_left_s
        )
        return Window(limit, max(0, math.ceil(left / limit.unit)), reset_s)

    @staticmethod
    def rejection(limit: Limit, window: Window | None) -> RateLimited:
        """Return the error for a request over its limit, and count it in the metrics."""
        REFUSALS.labels("rate limit").inc()
        wait_s = window.reset_s if window else WINDOW_S
        return RateLimited(f"More than {limit.quota} {limit.name} a minute.", wait_s)

    @asynccontextmanager
    async def _store_access(self) -> AsyncIterator[None]:
        """Limit the block to one of the connections and to STORE_TIMEOUT_S.

        Raises:
            TimeoutError: the time is up, or at once during the cooldown after a failure.
        """
        if self._cooldown.is_active:
            raise TimeoutError
        async with asyncio.timeout(STORE_TIMEOUT_S), self._connections:
            yield

    def _on_store_failure(self, error: Exception) -> None:
        RATE_LIMIT_FAILURES.inc()
        # Calls that were skipped during the cooldown come here too: they must not prolong it.
        if not self._cooldown.is_active:
            self._cooldown.start()
            log.warning("the rate limits' store is down (%r): failing %s", error, self._fail)
        if self._fail == "closed":
            raise LimitsUnavailable("The service cannot check its limits.", COOLDOWN_S) from error


def _wait_s(
    allowed: int, previous: int, previous_ttl_s: float, current: int, minute_left_s: float
) -> float:
    """Return the seconds until the sliding window counts at most `allowed` steps.

    The previous minute's count fades linearly. When the current minute ends, its own count becomes
    the previous one and starts to fade.
    """
    if current > allowed:
        return minute_left_s + WINDOW_S * (1 - allowed / current)
    return max(0.0, previous_ttl_s - (allowed - current) * WINDOW_S / previous) if previous else 0.0


def _item(limit: Limit) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(limit.quota * limit.unit, namespace="clearbg")


def _storage(pool: "ConnectionPool") -> RedisStorage:
    return RedisStorage(
        "async+redis://",  # required, but unused: the pool has the address
        implementation="redispy",
        wrap_exceptions=True,
        connection_pool=pool,  # type: ignore[arg-type] # passed on to redis-py as it is
    )
