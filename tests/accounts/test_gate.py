"""The gate while its database is slow, locked or gone."""

import asyncio
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway import server
from gateway.accounts import database, gate
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.gate import Gate
from gateway.accounts.keys import ApiKey, KeyStore
from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage import Usage
from gateway.errors import AccountsUnavailable
from gateway.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def local(settings: Settings) -> Engine:
    return database.connect(settings.database)


def new_key(engine: Engine) -> str:
    return KeyStore(engine).create("tests", AccountStore(engine).find(DEFAULT).id)[1]


async def test_a_key_is_checked_while_another_process_writes(
    local: Engine, settings: Settings
) -> None:
    secret = new_key(local)
    writer = sqlite3.connect(local.url.database or "", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    async with server.gate(local, settings) as entrance:
        started = time.monotonic()
        assert (await entrance.enter(secret, "127.0.0.1", [])).key.name == "tests"
        assert time.monotonic() - started < 1
    writer.rollback()
    writer.close()


class Hanging(KeyStore):
    """A store whose database does not answer until `free` is set."""

    free = threading.Event()
    asked = 0

    def check(self, secret: str) -> ApiKey:
        self.asked += 1
        self.free.wait(10)
        return super().check(secret)


async def test_nobody_waits_for_a_database_that_hangs(
    local: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "CHECK_TIMEOUT_S", 0.3)
    monkeypatch.setattr(gate, "PAUSE_S", 0.5)
    secret, keys = new_key(local), Hanging(local)
    usage = Usage(keys)
    entrance = Gate(keys, RateLimits("", fail="open"), usage, settings)
    started = time.monotonic()
    asked = [entrance.enter(secret, "127.0.0.1", []) for _ in range(20)]
    refused = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(error, AccountsUnavailable) for error in refused)
    assert time.monotonic() - started < 1, "all at once, though there are four threads"
    asked_so_far = keys.asked
    with pytest.raises(AccountsUnavailable):
        await entrance.enter(secret, "127.0.0.1", [])
    assert keys.asked == asked_so_far, "it is not asked again so soon"
    keys.free.set()
    await asyncio.sleep(0.6)
    assert (await entrance.enter(secret, "127.0.0.1", [])).key.name == "tests"
    await usage.close()
    entrance.close()
