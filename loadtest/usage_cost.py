"""CPU time of counting usage and of monthly quotas, on top of checking a key and its limits."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sqlalchemy import Engine

from gateway import server
from gateway.accounts import rate_headers
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller, Windows
from gateway.accounts.keys import KeyStore
from gateway.settings import Settings

REQUESTS, KEYS, ROUNDS = 1000, 10, 20
"""What 200 requests a second are in 5 seconds: in that time each key is read from the database
again, and usage is written once."""
PIXELS = 1_000_000
GENEROUS = 1_000_000


@contextmanager
def _uncounted() -> Iterator[None]:
    """Let requests inside the block be counted by nothing."""
    with (
        patch.object(Caller, "__enter__", lambda caller: caller),
        patch.object(Caller, "__exit__", lambda *_: None),
        patch.object(Caller, "charge_image", lambda _: None),
    ):
        yield


async def _requests(authenticator: Authenticator, secrets: list[str]) -> None:
    """Do everything that requests need but their own work."""
    for secret in secrets:
        await asyncio.to_thread(authenticator.keys.check, secret)
    for number in range(REQUESTS):
        windows: Windows = []
        async with authenticator.request(secrets[number % KEYS], "127.0.0.1", windows) as caller:
            await caller.spend_pixels(PIXELS)
            caller.charge_image()
        await rate_headers.headers(windows)
    await authenticator.usage.write()


async def _cpu_ms(authenticator: Authenticator, secrets: list[str]) -> float:
    started = time.process_time()
    await _requests(authenticator, secrets)
    return 1000 * (time.process_time() - started) / REQUESTS


async def measure(engine: Engine, settings: Settings) -> dict[str, tuple[float, float]]:
    """Return CPU milliseconds a request, and how many more than without usage.

    They are medians of interleaved rounds: of the figures, and of the rounds' own differences.
    """
    keys, account = KeyStore(engine), AccountStore(engine).find(DEFAULT)

    def secrets(images_per_month: int | None) -> list[str]:
        limits = Limits(GENEROUS, GENEROUS, images_per_month)
        return [keys.create("bench", account.id, limits=limits)[1] for _ in range(KEYS)]

    plain, limited = secrets(None), secrets(100 * GENEROUS)
    rounds: list[tuple[float, float, float]] = []
    settings = settings.model_copy(update={"key_cache_s": 600.0})
    async with server.authentication(engine, settings) as authenticator:
        for _ in range(1 + ROUNDS):
            with _uncounted():
                without = await _cpu_ms(authenticator, plain)
            counted = await _cpu_ms(authenticator, plain)
            rounds.append((without, counted, await _cpu_ms(authenticator, limited)))
    names = ("key and limits", "and usage", "and a monthly quota")
    return {
        name: (
            statistics.median(each[column] for each in rounds[1:]),
            statistics.median(each[column] - each[0] for each in rounds[1:]),
        )
        for column, name in enumerate(names)
    }
