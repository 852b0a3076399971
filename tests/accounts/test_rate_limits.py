"""The same rate limits in memory and in a real Valkey."""

import asyncio
import math
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from unittest.mock import AsyncMock

import pytest

from gateway.accounts import rate_limits
from gateway.accounts.rate_limits import Limit, RateLimits, Window
from gateway.errors import LimitsUnavailable
from gateway.network.valkey import BadStoreUrl
from tests.servers import valkey
from tests.servers.valkey import Valkey

REPLICA = """
import asyncio, sys
from gateway.accounts import rate_limits
from gateway.accounts.rate_limits import Limit, RateLimits

rate_limits.STORE_TIMEOUT_S = 60  # a busy machine takes longer than the usual half second

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


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.real)])
async def limits(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RateLimits]:
    monkeypatch.setattr(rate_limits, "STORE_TIMEOUT_S", 60)
    url = "" if request.param == "memory" else request.getfixturevalue("server").url
    limits = RateLimits(url, fail="closed")
    yield limits
    await limits.close()


async def window(limits: RateLimits, limit: Limit, subject: str, rejected: int = 0) -> Window:
    found = await limits.window(limit, subject, rejected)
    assert found
    return found


async def test_exactly_the_quota_passes(limits: RateLimits) -> None:
    limit = Limit("requests", 20)
    passed = await asyncio.gather(*(limits.spend(limit, "exact") for _ in range(60)))
    assert passed.count(True) == 20
    assert (await window(limits, limit, "exact")).remaining == 0
    assert await limits.spend(limit, "another")


async def test_rejected_requests_are_not_counted(limits: RateLimits) -> None:
    limit = Limit("megapixels", 10, unit=1000)
    assert await limits.spend(limit, "whole", 6500)
    assert not await limits.spend(limit, "whole", 3501)
    assert (await window(limits, limit, "whole")).remaining == 4, "three and a half"
    assert await limits.spend(limit, "whole", 3500)


async def test_a_cost_above_the_quota_uses_up_the_whole_quota(limits: RateLimits) -> None:
    limit = Limit("megapixels", 10)
    assert await limits.spend(limit, "large", 50)
    assert not await limits.spend(limit, "large")
    assert 0 < (await window(limits, limit, "large", rejected=50)).reset_s <= 120


async def test_reset_s_after_a_rejection_is_the_time_until_the_request_would_pass(
    limits: RateLimits,
) -> None:
    """A window's count fades linearly over the next window: half of it is gone by the middle."""
    limit = Limit("requests", 10)
    await limits.spend(limit, "wait", 10)
    end = (await window(limits, limit, "wait")).reset_s
    half = await window(limits, limit, "wait", rejected=5)
    all_ = await window(limits, limit, "wait", rejected=10)
    assert 0 < end <= 60
    assert half.reset_s == pytest.approx(end + 30, abs=1)
    assert all_.reset_s == pytest.approx(end + 60, abs=1)
    rejection = limits.rejection(limit, half)
    assert "More than 10 requests a minute" in str(rejection)
    assert rejection.retry_after_s == math.ceil(half.reset_s)


async def test_a_quota_of_zero_means_no_limit(limits: RateLimits) -> None:
    assert await limits.spend(Limit("requests", 0), "free")
    assert await limits.window(Limit("requests", 0), "free") is None


@pytest.mark.real
def test_replicas_share_one_exact_count(server: Valkey) -> None:
    server.stop()
    server.restart()  # empty
    quota, sent = 100, 200
    command = [sys.executable, "-c", REPLICA, server.url, str(quota), str(sent)]
    replicas = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    passed = [int(replica.communicate(timeout=300)[0]) for replica in replicas]
    assert sum(passed) == quota


def spy_on_hits(limits: RateLimits, monkeypatch: pytest.MonkeyPatch) -> AsyncMock:
    """Return a mock that counts how often the store is asked to count something."""
    mock = AsyncMock(side_effect=limits._limiter.hit)
    monkeypatch.setattr(limits._limiter, "hit", mock)
    return mock


@pytest.mark.real
async def test_limits_work_again_when_the_store_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "COOLDOWN_S", 600)
    monkeypatch.setattr(rate_limits, "STORE_TIMEOUT_S", 60)
    limit = Limit("requests", 5)
    with valkey.running() as store:
        open_, closed = RateLimits(store.url, fail="open"), RateLimits(store.url, fail="closed")
        assert await open_.spend(limit, "a")
        store.stop()
        hits = [spy_on_hits(limits, monkeypatch) for limits in (open_, closed)]
        for _ in range(20):
            assert await open_.spend(limit, "a")
            assert await open_.window(limit, "a") is None
            with pytest.raises(LimitsUnavailable):
                await closed.spend(limit, "a")
        assert [mock.call_count for mock in hits] == [1, 1], (
            "no request waits for a store that is down"
        )
        store.restart()
        for limits in (open_, closed):
            limits._cooldown._ends_at = 0  # the cooldown is over
        assert await closed.spend(limit, "a")
        assert (await window(open_, limit, "a")).remaining == 4
        await open_.close()
        await closed.close()


async def test_a_store_that_hangs_counts_as_down() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        limits = RateLimits(f"redis://127.0.0.1:{port}", fail="open")
        assert await asyncio.wait_for(limits.spend(Limit("requests", 5), "a"), 60)
        await limits.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x"])
async def test_an_invalid_url_is_rejected_with_the_name_of_the_setting(url: str) -> None:
    with pytest.raises(BadStoreUrl, match="CLEARBG_RATE_LIMIT_URL"):
        RateLimits(url, fail="open")
