"""The same limits in memory and in a real Valkey."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.accounts.rate_limits import BadStore, Limit, RateLimits, Window
from gateway.errors import LimitsUnavailable, RateLimited
from tests.servers import valkey
from tests.servers.valkey import Valkey

REPLICA = """
import asyncio, sys
from gateway.accounts.rate_limits import Limit, RateLimits

async def main(url, quota, sent):
    limits, limit = RateLimits(url, fail="closed"), Limit("requests", quota)
    spent = await asyncio.gather(*(limits.spend(limit, "1") for _ in range(sent)))
    print(sum(window.passed for window in spent))
    await limits.close()

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey.running() as running:
        yield running


@pytest.fixture(params=["memory", "valkey"])
async def limits(request: pytest.FixtureRequest) -> AsyncIterator[RateLimits]:
    url = "" if request.param == "memory" else request.getfixturevalue("server").url
    limits = RateLimits(url, fail="closed")
    yield limits
    await limits.close()


async def spend(limits: RateLimits, limit: Limit, who: str, cost: int = 1) -> Window:
    window = await limits.spend(limit, who, cost)
    assert window
    return window


async def test_exactly_the_quota_passes(limits: RateLimits) -> None:
    limit = Limit("requests", 20)
    asked = [spend(limits, limit, "exact") for _ in range(60)]
    windows = await asyncio.gather(*asked)
    assert sum(window.passed for window in windows) == 20
    assert min(window.remaining for window in windows) == 0
    assert (await spend(limits, limit, "another")).passed


async def test_what_is_refused_is_not_counted(limits: RateLimits) -> None:
    limit = Limit("megapixels", 10, unit=1000)
    assert (await spend(limits, limit, "whole", 6500)).remaining == 3
    refused = await spend(limits, limit, "whole", 3501)
    assert (refused.passed, refused.remaining) == (False, 3)
    with pytest.raises(RateLimited, match="More than 10 megapixels a minute"):
        refused.check()
    assert (await spend(limits, limit, "whole", 3500)).passed


async def test_a_cost_above_the_quota_takes_all_of_it(limits: RateLimits) -> None:
    limit = Limit("megapixels", 10)
    assert (await spend(limits, limit, "large", 50)).remaining == 0
    assert not (await spend(limits, limit, "large")).passed


async def test_refused_callers_are_told_when_they_would_pass(limits: RateLimits) -> None:
    """What was spent in a window fades over the next one: half of it is free in its middle."""
    limit = Limit("requests", 10)
    first = await spend(limits, limit, "wait", 10)
    half = await spend(limits, limit, "wait", 5)
    all_ = await spend(limits, limit, "wait", 10)
    assert 0 < first.reset_s <= 60
    assert half.reset_s == pytest.approx(first.reset_s + 30, abs=1)
    assert all_.reset_s == pytest.approx(first.reset_s + 60, abs=1)


async def test_no_quota_is_no_limit(limits: RateLimits) -> None:
    assert await limits.spend(Limit("requests", 0), "free") is None
    assert await limits.exhausted(Limit("requests", 0), "free") is None


async def test_exhausted_asks_without_spending(limits: RateLimits) -> None:
    limit = Limit("wrong keys", 1)
    assert await limits.exhausted(limit, "guesser") is None
    assert (await spend(limits, limit, "guesser")).passed
    window = await limits.exhausted(limit, "guesser")
    assert window
    assert not window.passed


def test_replicas_count_together_exactly(server: Valkey) -> None:
    server.stop()
    server.restart()  # empty
    quota, sent = 100, 200
    command = [sys.executable, "-c", REPLICA, server.url, str(quota), str(sent)]
    replicas = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    passed = [int(replica.communicate(timeout=60)[0]) for replica in replicas]
    assert sum(passed) == quota


async def test_a_store_that_goes_and_comes_back() -> None:
    limit = Limit("requests", 5)
    with valkey.running() as store:
        open_, closed = RateLimits(store.url, fail="open"), RateLimits(store.url, fail="closed")
        assert (await spend(open_, limit, "a")).passed
        store.stop()
        started = time.monotonic()
        for _ in range(20):
            assert await open_.spend(limit, "a") is None
            with pytest.raises(LimitsUnavailable):
                await closed.spend(limit, "a")
        assert time.monotonic() - started < 1, "nobody waits for a store that is down"
        store.restart()
        await asyncio.sleep(1.1)
        assert (await spend(closed, limit, "a")).passed
        assert (await spend(open_, limit, "a")).passed
        await open_.close()
        await closed.close()


async def test_a_store_that_hangs_is_down() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        limits = RateLimits(f"redis://127.0.0.1:{port}", fail="open")
        started = time.monotonic()
        assert await limits.spend(Limit("requests", 5), "a") is None
        assert time.monotonic() - started < 1
        await limits.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x"])
async def test_a_url_that_is_none_is_said_with_the_setting(url: str) -> None:
    with pytest.raises(BadStore, match="CLEARBG_RATE_LIMIT_URL"):
        RateLimits(url, fail="open")
