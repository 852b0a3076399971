"""The gate in front of all work: who is calling, and may they call this often?"""

import asyncio
import contextlib
import ipaddress
import logging
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from gateway import tracing
from gateway.accounts.keys import ApiKey, KeyStore
from gateway.accounts.rate_limits import Limit, RateLimits, Window
from gateway.accounts.usage import Usage
from gateway.errors import AccountsUnavailable, InvalidKey
from gateway.settings import Settings

log = logging.getLogger(__name__)

CHECK_THREADS = 4
CHECK_TIMEOUT_S = 3.0
PAUSE_S = 1.0

_running: set[asyncio.Task[None]] = set()
"""Tasks that nobody awaits: the event loop itself would let them be collected."""

PIXELS = 1_000_000
"""In a megapixel. Single pixels are counted."""

IPV6_NETWORK_BITS = 64
"""What one IPv6 customer has: whoever has one address of it has all."""


Windows = list[asyncio.Task[Window | None]]
"""Where a caller stands with each limit that was looked at: read while the work is done."""


class Visit:
    """One request of a caller who was let in, and what it spends."""

    def __init__(self, key: ApiKey, gate: "Gate", windows: Windows) -> None:
        self.key = key
        self._gate = gate
        self._windows = windows

    async def spend_pixels(self, pixels: int) -> None:
        """Count an image's pixels, before it is decoded.

        Raises:
            RateLimited: there are too many for this minute.
            LimitsUnavailable: nobody can tell, and the settings say to refuse then.
        """
        await self._spend(self._gate.megapixels(self.key), pixels)

    def cut_out(self) -> None:
        """Charge one image: one credit."""
        self._gate.usage.add(self.key.id, 1)

    async def spend_request(self) -> None:
        """Count the request itself."""
        self._gate.usage.add(self.key.id, 0)
        await self._spend(self._gate.requests(self.key), 1)

    async def _spend(self, limit: Limit, cost: int) -> None:
        limits, who = self._gate.limits, str(self.key.id)
        passed = await limits.spend(limit, who, cost)
        refused = 0 if passed else cost
        window = asyncio.create_task(limits.window(limit, who, refused))
        self._windows.append(window)
        if not passed:
            raise limits.refusal(limit, await window)


class Gate:
    """Lets callers in by their key, within their limits."""

    def __init__(
        self, keys: KeyStore, limits: RateLimits, usage: Usage, settings: Settings
    ) -> None:
        self._keys, self.limits, self.usage, self._settings = keys, limits, usage, settings
        most = settings.rate_limit_wrong_keys_per_minute
        self._wrong_keys = Limit("wrong API keys from your address", most)
        # Of its own: nothing else that is slow must keep callers out.
        self._threads = ThreadPoolExecutor(CHECK_THREADS, "keys")
        self._down_until = 0.0

    def close(self) -> None:
        """Stop checking."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def enter(self, secret: str, address: str, windows: Windows) -> Visit:
        """Let a caller in.

        Args:
            secret: as the caller sent it; may be empty.
            address: the caller's IP address, to slow down who tries out keys.
            windows: gets where the caller stands with each limit, refused or not.

        Raises:
            InvalidKey: the key is missing, unknown, revoked or expired.
            RateLimited: too many requests of the key, or wrong keys from the address.
            AccountsUnavailable: the database does not answer.
        """
        with tracing.span("authenticate"):
            visit = Visit(await self.check(secret, address), self, windows)
            await visit.spend_request()
        return visit

    async def check(self, secret: str, address: str) -> ApiKey:
        """Look at a key; no request is counted.

        Args:
            secret: as for `enter`.
            address: likewise.

        Raises:
            InvalidKey, RateLimited, AccountsUnavailable: as `enter` does.
        """
        if not secret:
            raise InvalidKey
        if key := self._keys.cached(secret):
            if self._keys.is_ageing(secret):
                _in_background(self._ask_again(secret))
            return key
        caller = network(address)
        window = await self.limits.window(self._wrong_keys, caller, refused=1)
        if window and not window.remaining:
            raise self.limits.refusal(self._wrong_keys, window)
        try:
            return await self._ask(secret)
        except InvalidKey:
            await self.limits.spend(self._wrong_keys, caller)
            raise

    def requests(self, key: ApiKey) -> Limit:
        """The key's own limit, else the settings'."""
        own = key.limits.requests_per_minute
        default = self._settings.rate_limit_requests_per_minute
        return Limit("requests", default if own is None else own)

    def megapixels(self, key: ApiKey) -> Limit:
        """The key's own limit, else the settings'."""
        own = key.limits.megapixels_per_minute
        default = self._settings.rate_limit_megapixels_per_minute
        return Limit("megapixels", default if own is None else own, PIXELS)

    async def _ask(self, secret: str) -> ApiKey:
        """Ask the database; not for a moment after it did not answer: nobody waits in vain."""
        if time.monotonic() < self._down_until:
            raise AccountsUnavailable("The service cannot check API keys.", PAUSE_S)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return await loop.run_in_executor(self._threads, self._keys.check, secret)
        except (SQLAlchemyError, TimeoutError) as error:
            self._down_until = time.monotonic() + PAUSE_S
            log.warning("the database of keys does not answer: %r", error)
            raise AccountsUnavailable("The service cannot check API keys.", PAUSE_S) from error

    async def _ask_again(self, secret: str) -> None:
        """What it finds, the next request sees."""
        with contextlib.suppress(InvalidKey, AccountsUnavailable):
            await self._ask(secret)


def _in_background(work: Coroutine[None, None, None]) -> None:
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)


def network(address: str) -> str:
    """What is counted as one caller: an IPv4 address, or an IPv6 network."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"  # a Unix socket, or nonsense that a proxy passed on: all as one
    if isinstance(ip, ipaddress.IPv6Address):
        mapped = ip.ipv4_mapped
        return str(mapped or ipaddress.ip_network((ip, IPV6_NETWORK_BITS), strict=False))
    return address
