"""Packed masks in the memory of this process."""

import time
from collections.abc import Callable

from cachetools import TTLCache

from gateway.concurrency import WhenIdle
from gateway.masks.key import MaskKey
from gateway.observability.metrics import MASK_CACHE_BYTES, MASK_CACHE_EVICTIONS

ENTRY_BYTES = 1000
"""About what a key and its place in the cache take beside the mask."""


class MaskMemory:
    """Keeps the masks that were used last, up to a size and an age.

    Args:
        max_bytes: of all packed masks together.
        ttl_s: seconds after which a mask is dropped, used or not.
        clock: returns seconds.
    """

    def __init__(
        self, max_bytes: int, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._masks = _Masks(max_bytes, ttl_s, clock, getsizeof=lambda packed: _size(packed))
        # Without requests nothing else looks at the clock.
        self._idle = WhenIdle(ttl_s, self.drop_expired)

    def get(self, key: MaskKey) -> bytes | None:
        """Return a mask; None if there is none, or it is too old."""
        return self._masks.get(key)

    def put(self, key: MaskKey, packed: bytes) -> None:
        """Keep a mask, and drop those that were not used for longest if there is no room."""
        if _size(packed) <= self._masks.maxsize:
            self._masks[key] = packed
        MASK_CACHE_BYTES.set(self._masks.currsize)
        self._idle.restart()

    def drop_expired(self) -> None:
        """Drop the masks that are too old."""
        self._masks.expire()
        MASK_CACHE_BYTES.set(self._masks.currsize)

    def close(self) -> None:
        """Drop all masks."""
        self._idle.stop()
        self._masks.clear()
        MASK_CACHE_BYTES.set(0)


class _Masks(TTLCache[MaskKey, bytes]):
    """Counts what is dropped to make room."""

    def popitem(self) -> tuple[MaskKey, bytes]:
        MASK_CACHE_EVICTIONS.inc()
        return super().popitem()


def _size(packed: bytes) -> int:
    return len(packed) + ENTRY_BYTES
