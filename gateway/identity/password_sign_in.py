"""Signing in by password: throttled, and hashed in threads, of which few run at once."""

import asyncio

from gateway.accounts.rate_limits import Limit, RateLimits
from gateway.accounts.wrong_keys import network_of
from gateway.identity.passwords import PasswordStore
from gateway.identity.tokens import digest
from gateway.identity.users import User

AT_ONCE = 2
"""Hashes computed at the same time: each takes 64 MiB."""


class PasswordSignIn:
    """Checks passwords, at most so many a minute of each user and from each address.

    Every attempt counts, before its password is checked: many at once cannot slip through. Who
    is locked out by a stranger's attempts can still sign in by a link or OIDC.

    Args:
        passwords: the store.
        limits: counts the attempts, shared by replicas.
        attempts_per_minute: 0: no limit.
    """

    def __init__(
        self, passwords: PasswordStore, limits: RateLimits, attempts_per_minute: int
    ) -> None:
        self._passwords, self._limits = passwords, limits
        self._of_address = Limit("sign-in attempts from your address", attempts_per_minute)
        self._of_user = Limit("sign-in attempts of this user", attempts_per_minute)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def check(self, email: str, password: str, address: str) -> User | None:
        """Return the user if the password is right, else None.

        Args:
            email: as typed in.
            password: as typed in.
            address: the visitor's IP address.

        Raises:
            RateLimited: too many attempts.
            LimitsUnavailable: the store is down, and the settings say to fail closed.
        """
        await self._spend(self._of_address, network_of(address))
        await self._spend(self._of_user, digest(email.strip().lower()))
        async with self._slots:
            return await asyncio.to_thread(self._passwords.check, email, password)

    async def change(self, user_id: int, password: str) -> None:
        """Set a user's password.

        Raises:
            BadPassword: it is too short or too long.
        """
        async with self._slots:
            await asyncio.to_thread(self._passwords.set, user_id, password)

    async def _spend(self, limit: Limit, subject: str) -> None:
        if not await self._limits.spend(limit, subject):
            window = await self._limits.window(limit, subject, rejected=1)
            raise self._limits.rejection(limit, window)
