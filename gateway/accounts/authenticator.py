"""Authentication of callers by API key, and the rate limits of their requests."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.api_key import ApiKey
from gateway.accounts.caller import PIXELS_PER_MEGAPIXEL, Caller, Windows
from gateway.accounts.keys import KeyStore
from gateway.accounts.rate_limits import Limit, RateLimits
from gateway.accounts.usage import Usage
from gateway.accounts.wrong_keys import WrongKeyLimit
from gateway.concurrency import Cooldown
from gateway.errors import AccountsUnavailable, InvalidKey
from gateway.observability import tracing
from gateway.settings import Settings

log = logging.getLogger(__name__)

CHECK_THREADS = 4
"""Threads that look up keys in the database."""
CHECK_TIMEOUT_S = 3.0
"""How long one lookup may take, waiting for a free thread included."""
COOLDOWN_S = 1.0
"""How long the database is not queried after a lookup failed."""


_background_tasks: set[asyncio.Task[None]] = set()
"""The event loop keeps only weak references to tasks, so they are held here until they end."""


class Authenticator:
    """Authenticates callers by API key and counts their requests."""

    def __init__(
        self, keys: KeyStore, limits: RateLimits, usage: Usage, settings: Settings
    ) -> None:
        self.keys, self.limits, self.usage, self._settings = keys, limits, usage, settings
        self._wrong_keys = WrongKeyLimit(limits, settings.rate_limit_wrong_keys_per_minute)
        # A pool of its own: slow work elsewhere must not delay authentication.
        self._threads = ThreadPoolExecutor(CHECK_THREADS, "keys")
        self._cooldown = Cooldown(COOLDOWN_S)

    def close(self) -> None:
        """Shut down the lookup threads; lookups that have not started are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def request(self, secret: str, address: str, windows: Windows) -> AsyncIterator[Caller]:
        """Authenticate a caller for a block that answers its request, and count the request.

        Args:
            secret: the API key as sent; may be empty.
            address: the caller's IP address, which limits how fast keys can be guessed.
            windows: receives the state of each limit, also when the request is rejected.

        Raises:
            InvalidKey: the key is missing, unknown, revoked or expired.
            RateLimited: too many requests with the key, or wrong keys from the address.
            AccountsUnavailable: the database does not answer, and did not confirm the key lately.
        """
        with tracing.span("authenticate"):
            key = await self.check(secret, address)
        with Caller(key, self, windows, address) as caller:
            await caller.spend_request()
            yield caller

    async def check(self, secret: str, address: str) -> ApiKey:
        """Return the key that belongs to a secret, without counting a request.

        Args:
            secret: as for `request`.
            address: as for `request`.

        Raises:
            InvalidKey, RateLimited, AccountsUnavailable: as `request` does.
        """
        if not secret:
            raise InvalidKey
        if key := self.keys.cache.find(secret):
            if self.keys.cache.needs_refresh(secret):
                _run_in_background(self._refresh(secret))
            return key
        await self._wrong_keys.check(address)
        try:
            return await self._look_up(secret)
        except InvalidKey:
            await self._wrong_keys.count(address)
            raise
        except AccountsUnavailable:
            if key := self.keys.cache.find_in_outage(secret):
                return key
            raise

    def request_limit(self, key: ApiKey) -> Limit:
        """Return the key's own limit of requests per minute, or the default from the settings."""
        own = key.limits.requests_per_minute
        default = self._settings.rate_limit_requests_per_minute
        return Limit("requests", default if own is None else own)

    def megapixel_limit(self, key: ApiKey) -> Limit:
        """Return the key's own limit of megapixels per minute, or the default from the settings."""
        own = key.limits.megapixels_per_minute
        default = self._settings.rate_limit_megapixels_per_minute
        return Limit("megapixels", default if own is None else own, PIXELS_PER_MEGAPIXEL)

    async def _look_up(self, secret: str) -> ApiKey:
        """Query the database, unless it failed within the last COOLDOWN_S seconds.

        Then fail at once, instead of letting every request time out.
        """
        if self._cooldown.is_active:
            raise AccountsUnavailable("The service cannot check API keys.", COOLDOWN_S)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await loop.run_in_executor(self._threads, self.keys.check, secret)
        except (SQLAlchemyError, TimeoutError) as error:
            self._cooldown.start()
            log.warning("the database of API keys does not answer: %r", error)
            raise AccountsUnavailable("The service cannot check API keys.", COOLDOWN_S) from error

    async def _refresh(self, secret: str) -> None:
        """Look up a cached key again. The result goes to the cache, for the next request."""
        with contextlib.suppress(InvalidKey, AccountsUnavailable):
            await self._look_up(secret)


def _run_in_background(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    _background_tasks.add(task)
    task.add_done_callback(_background_tasks.discard)
