"""Valid API keys in memory: most requests need no database query, and an outage can be bridged."""

import hashlib
from threading import Lock

from cachetools import TTLCache

from gateway.accounts.api_key import ApiKey

CACHED_KEYS = 10_000
FRESH_SHARE = 0.8
"""Share of the cache time after which a key in use is looked up again, before it expires."""


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret, which stands for it in memory and in the database."""
    return hashlib.sha256(secret.encode()).hexdigest()


class KeyCache:
    """Keys that were found valid, by their secrets. Thread-safe; it does not block.

    Only valid keys are cached: a flood of wrong ones must not evict them.

    Args:
        cache_s: seconds for which a valid key is accepted without another database query.
        outage_s: seconds for which it is accepted while the database does not answer.
    """

    def __init__(self, cache_s: float, outage_s: float) -> None:
        self._valid: TTLCache[str, ApiKey] = TTLCache(CACHED_KEYS, cache_s)
        self._fresh: TTLCache[str, bool] = TTLCache(CACHED_KEYS, cache_s * FRESH_SHARE)
        self._known: TTLCache[str, ApiKey] = TTLCache(CACHED_KEYS, outage_s)
        self._lock = Lock()

    def find(self, secret: str) -> ApiKey | None:
        """Return the key if it was found valid within the last `cache_s` seconds."""
        return self._find(self._valid, secret)

    def find_in_outage(self, secret: str) -> ApiKey | None:
        """Return the key if it was found valid within the last `outage_s` seconds."""
        return self._find(self._known, secret)

    def needs_refresh(self, secret: str) -> bool:
        """Return True, once, when a cached key will soon expire from the cache.

        The caller should look it up in the background: then a key that is in constant use never
        has to wait for the database.
        """
        sha256 = digest(secret)
        with self._lock:
            is_stale = sha256 not in self._fresh
            self._fresh[sha256] = True
        return is_stale

    def add(self, secret: str, key: ApiKey) -> None:
        """Cache a key that was just found valid."""
        sha256 = digest(secret)
        with self._lock:
            self._valid[sha256] = self._known[sha256] = key
            self._fresh[sha256] = True

    def remove(self, secret: str) -> None:
        """Forget a key that was just found invalid."""
        with self._lock:
            for cache in (self._valid, self._known):
                cache.pop(digest(secret), None)

    def clear(self) -> None:
        """Forget all keys."""
        with self._lock:
            self._valid.clear()
            self._known.clear()

    def _find(self, cache: TTLCache[str, ApiKey], secret: str) -> ApiKey | None:
        with self._lock:
            key = cache.get(digest(secret))
        return key if key and key.works else None
