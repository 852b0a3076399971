"""Authentication while the database is slow, locked or does not answer."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from gateway import server
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import ApiKey
from gateway.accounts.authenticator import CHECK_THREADS, Authenticator
from gateway.accounts.key_cache import KeyCache
from gateway.accounts.keys import KeyStore
from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage import Usage
from gateway.accounts.usage_store import UsageStore
from gateway.errors import AccountsUnavailable, InvalidKey
from gateway.settings import Settings

LONG_BUSY_TIMEOUT = "PRAGMA busy_timeout = 600000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def local(settings: Settings) -> Engine:
    return database.connect(settings.database)


def new_key(engine: Engine) -> str:
    return KeyStore(engine).create("tests", AccountStore(engine).find(DEFAULT).id)[1]


@asynccontextmanager
async def authenticating(
    engine: Engine, keys: KeyStore, settings: Settings
) -> AsyncIterator[Authenticator]:
    usage = Usage(UsageStore(engine))
    authenticator = Authenticator(keys, RateLimits("", fail="open"), usage, settings)
    yield authenticator
    await usage.close()
    authenticator.close()


async def checked(authenticator: Authenticator, secret: str) -> ApiKey:
    """The key of a request that does nothing."""
    async with authenticator.request(secret, "127.0.0.1", []) as caller:
        return caller.key


async def test_a_key_is_checked_while_another_process_writes(
    local: Engine, settings: Settings
) -> None:
    secret = new_key(local)
    event.listen(local, "connect", lambda connection, _: connection.execute(LONG_BUSY_TIMEOUT))
    local.dispose()  # new connections wait minutes for the lock
    writer = sqlite3.connect(local.url.database or "", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    async with server.authentication(local, settings) as authenticator:
        authenticating = checked(authenticator, secret)
        assert (await asyncio.wait_for(authenticating, 60)).name == "tests"
        writer.rollback()  # before the usage of the key is written
    writer.close()


class Hanging(KeyStore):
    """A store whose database does not answer until `resume` is set."""

    resume = threading.Event()
    checks = 0

    def check(self, secret: str) -> ApiKey:
        self.checks += 1
        self.resume.wait(600)
        return super().check(secret)


async def test_no_caller_waits_for_a_database_that_hangs(
    local: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.accounts.authenticator.CHECK_TIMEOUT_S", 0.3)
    monkeypatch.setattr("gateway.accounts.authenticator.COOLDOWN_S", 600)
    secret, keys = new_key(local), Hanging(local)
    async with authenticating(local, keys, settings) as authenticator:
        attempts = [checked(authenticator, secret) for _ in range(20)]
        errors = await asyncio.wait_for(asyncio.gather(*attempts, return_exceptions=True), 60)
        assert all(isinstance(error, AccountsUnavailable) for error in errors)
        assert keys.checks == CHECK_THREADS, "the others timed out while they waited for a thread"
        checks = keys.checks
        with pytest.raises(AccountsUnavailable):
            await checked(authenticator, secret)
        assert keys.checks == checks, "no query during the cooldown"
        keys.resume.set()
        authenticator._cooldown._ends_at = 0  # the cooldown is over
        assert (await checked(authenticator, secret)).name == "tests"


class Failing(KeyStore):
    """A store whose database can be down."""

    is_down = False

    def check(self, secret: str) -> ApiKey:
        if self.is_down:
            raise OperationalError("SELECT", {}, Exception("connection refused"))
        return super().check(secret)


@pytest.mark.parametrize("outage_s", [600, 0])
async def test_a_key_that_was_seen_lately_is_accepted_in_an_outage(
    local: Engine, settings: Settings, outage_s: float
) -> None:
    known, unseen = new_key(local), new_key(local)
    keys = Failing(local, cache=KeyCache(0, outage_s))
    async with authenticating(local, keys, settings) as authenticator:
        key = await checked(authenticator, known)
        keys.is_down = True
        if outage_s:
            assert await checked(authenticator, known) == key
        else:
            with pytest.raises(AccountsUnavailable):
                await checked(authenticator, known)
        with pytest.raises(AccountsUnavailable):
            await checked(authenticator, unseen)


async def test_a_key_that_was_revoked_before_an_outage_is_not_accepted_in_it(
    local: Engine, settings: Settings
) -> None:
    secret, keys = new_key(local), Failing(local, cache=KeyCache(0, 600))
    async with authenticating(local, keys, settings) as authenticator:
        key = await checked(authenticator, secret)
        KeyStore(local).revoke(key.id)  # by another process
        with pytest.raises(InvalidKey):
            await checked(authenticator, secret)
        keys.is_down = True
        with pytest.raises(AccountsUnavailable):
            await checked(authenticator, secret)
