"""One authenticated request: what it may use, and what it has used."""

import asyncio
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from gateway.accounts.api_key import ApiKey
from gateway.accounts.latency import interval
from gateway.accounts.quotas import QuotaWindow
from gateway.accounts.rate_limits import Limit, Window
from gateway.accounts.usage_store import ERROR, IMAGES, LATENCY, PIXELS, REQUESTS
from gateway.errors import ClientGone, GatewayError

if TYPE_CHECKING:
    from gateway.accounts.authenticator import Authenticator

PIXELS_PER_MEGAPIXEL = 1_000_000
"""Megapixel limits count single pixels."""

Windows = list[Awaitable[Window | None]]
"""The state of each limit that a request was checked against. Tasks run beside the request's own
work; the response awaits them for its rate-limit headers."""


def account_owner(account_id: int) -> str:
    """Return the owner of an account's images; see `Caller.owner`."""
    return f"account {account_id}"


class Caller:
    """One authenticated request: its key, its limits, and what it spends and uses.

    As a context manager it counts the request when the block ends, with the error that ended it.
    This is the only place where requests are counted; those that called `spend_request` are.

    Args:
        key: what is charged.
        authenticator: has the limits.
        windows: receives the state of each limit.
        address: of the client; may be empty.
        owner: whose images they are, if not the account's: guests share an account.

    Attributes:
        owner: whose images they are. What is known of them helps no other owner.
    """

    def __init__(
        self,
        key: ApiKey,
        authenticator: "Authenticator",
        windows: Windows,
        address: str = "",
        *,
        owner: str = "",
    ) -> None:
        self.key, self.owner = key, owner or account_owner(key.account_id)
        self._authenticator, self._usage = authenticator, authenticator.usage
        self._windows, self._address = windows, address
        self._requests = self._taken = self._pixels = self._images = 0
        self._started = time.perf_counter()

    def __enter__(self) -> "Caller":
        if quota := self.key.quota:
            self._windows.append(QuotaWindow(self._usage.quotas, quota))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._count(_slug(error) if error else "")

    async def spend_pixels(self, pixels: int) -> None:
        """Count an image's pixels against the key's limit. Call it before decoding.

        Raises:
            QuotaExceeded: the key's images of this month are used up.
            RateLimited: the key's megapixels of this minute do not suffice.
            LimitsUnavailable: the store is down, and the settings say to fail closed.
        """
        if quota := self.key.quota:
            self._usage.quotas.take(quota)
            self._taken += 1
        await self._spend(self._authenticator.megapixel_limit(self.key), pixels)
        await self._spend_of_account("megapixels", pixels, PIXELS_PER_MEGAPIXEL)
        self._pixels += pixels

    def charge_image(self) -> None:
        """Charge one image: one credit."""
        self._images += 1

    def check_quota(self) -> None:
        """Reject work that will be charged later.

        Raises:
            QuotaExceeded: the key's images of this month are used up.
        """
        if quota := self.key.quota:
            self._usage.quotas.check(quota)

    @property
    def images_left(self) -> int | None:
        """What is left of the key's images of this month; None without a quota."""
        quota = self.key.quota
        return self._usage.quotas.window(quota).remaining if quota else None

    async def spend_request(self) -> None:
        """Count the request itself against the key's limit.

        Raises:
            RateLimited: the key has sent too many requests in this minute.
            LimitsUnavailable: the store is down, and the settings say to fail closed.
        """
        self._requests = 1
        await self._spend(self._authenticator.request_limit(self.key), 1)
        await self._spend_of_account("requests", 1)

    async def _spend_of_account(self, units: str, cost: int, unit: int = 1) -> None:
        """Count what all keys of the account spend together, where an administrator limits it."""
        limits = self.key.account_limits
        quota = limits.requests_per_minute if units == "requests" else limits.megapixels_per_minute
        if quota:
            limit = Limit(f"{units} of the account", quota, unit)
            await self._spend(limit, cost, f"account {self.key.account_id}")

    async def _spend(self, limit: Limit, cost: int, subject: str = "") -> None:
        limits, subject = self._authenticator.limits, subject or str(self.key.id)
        passed = await limits.spend(limit, subject, cost)
        rejected = 0 if passed else cost
        window = asyncio.create_task(limits.window(limit, subject, rejected))
        self._windows.append(window)
        if not passed:
            raise limits.rejection(limit, await window)

    def _count(self, slug: str) -> None:
        if self._taken:
            self._usage.quotas.put_back(self.key.id, self._taken)
        if not self._requests:
            return
        measures = {REQUESTS: self._requests}
        if slug:
            measures[ERROR + slug] = 1
        if self._images:
            measures |= {IMAGES: self._images, PIXELS: self._pixels}
        if self._pixels:  # an image was admitted: lists, and what is rejected at once, are quick
            measures[LATENCY + interval(time.perf_counter() - self._started)] = 1
        self._usage.add(self.key.id, measures, self._address)


def _slug(error: BaseException) -> str:
    if isinstance(error, GatewayError):
        return error.slug
    is_cancelled = isinstance(error, asyncio.CancelledError)
    return ClientGone.slug if is_cancelled else GatewayError.slug
