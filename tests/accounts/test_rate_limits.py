"""The same limits in memory and in a real Valkey."""

import asyncio
import math
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.accounts.rate_limits import BadStore, Limit, RateLimits, Window
from gateway.errors import LimitsUnavailable
from tests.servers import valkey
from tests.servers.valkey import Valkey

REPLICA = """
import asyncio, sys
from gateway.accounts.rate_limits import Limit, RateLimits

async def main(url, quota, sent):
    limits, limit = RateLimits(url, fail="closed"), Limit("requests", quota)
    passed = await asyncio.gather(*(limits.spend(limit, "1") for _ in range(sent)))
    print(sum(passed))
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


async def window(limits: RateLimits, limit: Limit, who: str, refused: int = 0) -> Window:
    seen = await limits.window(limit, who, refused)
    assert seen
    return seen


async def test_exactly_the_quota_passes(limits: RateLimits) -> None:
    limit = Limit("requests", 20)
    passed = await asyncio.gather(*(limits.spend(limit, "exact") for _ in range(60)))
    assert passed.count(True) == 20
    assert (await window(limits, limit, "exact")).remaining == 0
    assert await limits.spend(limit, "another")


async def test_what_is_refused_is_not_counted(limits: RateLimits) -> None:
    limit = Limit("megapixels", 10, unit=1000)
    assert await limits.spend(limit, "whole", 6500)
    assert not await limits.spend(limit, "whole", 3501)
    assert (await window(limits, limit, "whole")).remaining == 4, "three and a half"
    assert await limits.spend(limit, "whole", 3500)


async def test_a_cost_above_the_quota_takes_all_of_it(limits: RateLimits) -> None:
    limit = Limit("megapixels", 10)
    assert await limits.spend(limit, "large", 50)
    assert not await limits.spend(limit, "large")
    assert 0 < (await window(limits, limit, "large", refused=50)).reset_s <= 120


async def test_refused_callers_are_told_when_they_would_pass(limits: RateLimits) -> None:
    """What was spent in a window fades over the next one: half of it is free in its middle."""
    limit = Limit("requests", 10)
    await limits.spend(limit, "wait", 10)
    end = (await window(limits, limit, "wait")).reset_s
    half = await window(limits, limit, "wait", refused=5)
    all_ = await window(limits, limit, "wait", refused=10)
    assert 0 < end <= 60
    assert half.reset_s == pytest.approx(end + 30, abs=1)
    assert all_.reset_s == pytest.approx(end + 60, abs=1)
    refusal = limits.refusal(limit, half)
    assert "More than 10 requests a minute" in str(refusal)
    assert refusal.retry_after_s == math.ceil(half.reset_s)


async def test_no_quota_is_no_limit(limits: RateLimits) -> None:
    assert await limits.spend(Limit("requests", 0), "free")
    assert await limits.window(Limit("requests", 0), "free") is None


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
        assert await open_.spend(limit, "a")
        store.stop()
        started = time.monotonic()
        for _ in range(20):
            assert await open_.spend(limit, "a")
            assert await open_.window(limit, "a") is None
            with pytest.raises(LimitsUnavailable):
                await closed.spend(limit, "a")
        assert time.monotonic() - started < 1, "nobody waits for a store that is down"
        store.restart()
        await asyncio.sleep(1.1)
        assert await closed.spend(limit, "a")
        assert (await window(open_, limit, "a")).remaining == 4
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
        assert await limits.spend(Limit("requests", 5), "a")
        assert time.monotonic() - started < 1
        await limits.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x"])
async def test_a_url_that_is_none_is_said_with_the_setting(url: str) -> None:
    with pytest.raises(BadStore, match="CLEARBG_RATE_LIMIT_URL"):
        RateLimits(url, fail="open")
