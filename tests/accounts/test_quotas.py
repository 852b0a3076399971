"""Monthly quotas: their edges, and how exact they are across replicas."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from gateway.accounts.api_key import ApiKey, Limits
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Windows
from gateway.accounts.key_cache import KeyCache
from gateway.accounts.keys import KeyStore
from gateway.accounts.quotas import Month
from gateway.accounts.rate_headers import headers
from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage import Usage
from gateway.accounts.usage_store import UsageStore
from gateway.errors import QuotaExceeded, RateLimited
from gateway.settings import Settings
from tests.accounts.test_usage import Clock

END_OF_NOVEMBER_S = datetime(2026, 12, 1, tzinfo=UTC).timestamp()


class Replica:
    """One gateway's view of the database: a key, and images cut out with it."""

    def __init__(self, engine: Engine, clock: Clock, secret: str) -> None:
        self.usage, self._secret = Usage(UsageStore(engine, clock)), secret
        self._keys = KeyStore(engine, cache=KeyCache(5, 5), clock=clock)
        limits = RateLimits("", fail="open")
        self._authenticator = Authenticator(self._keys, limits, self.usage, Settings())

    async def cut_out(self, *, fail: bool = False) -> dict[str, str]:
        """Answer one request; return its headers."""
        windows: Windows = []
        async with self._authenticator.request(self._secret, "203.0.113.7", windows) as caller:
            await caller.spend_pixels(1_000_000)
            if not fail:
                caller.charge_image()
        return await headers(windows)

    async def refused(self) -> bool:
        """Whether the next image is refused; else it is charged."""
        try:
            await self.cut_out()
        except QuotaExceeded:
            return True
        return False

    def forget_key(self) -> None:
        """Let the cached key expire, so that the next request reads the database."""
        self._keys.cache.clear()

    async def close(self) -> None:
        await self.usage.close()
        self._authenticator.close()


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now_s = END_OF_NOVEMBER_S - 10
    return clock


@pytest.fixture
def secret(engine: Engine, account_id: int) -> str:
    return KeyStore(engine).create("few", account_id, limits=Limits(0, 0, 3))[1]


@pytest.fixture
async def replicas(engine: Engine, clock: Clock, secret: str) -> AsyncIterator[list[Replica]]:
    both = [Replica(engine, clock, secret) for _ in range(2)]
    yield both
    for replica in both:
        await replica.close()


async def test_one_replica_is_exact_before_and_after_it_writes(replicas: list[Replica]) -> None:
    one, _ = replicas
    await one.cut_out()
    await one.usage.write()
    await one.cut_out()
    await one.cut_out()
    assert await one.refused()
    await one.usage.write()
    assert await one.refused()
    one.forget_key()
    assert await one.refused()


async def test_images_in_progress_count_and_failures_do_not(replicas: list[Replica]) -> None:
    one, _ = replicas
    for _ in range(5):
        await one.cut_out(fail=True)
    async with (
        one._authenticator.request(one._secret, "", []) as first,
        one._authenticator.request(one._secret, "", []) as second,
        one._authenticator.request(one._secret, "", []) as third,
    ):
        for caller in (first, second, third):
            await caller.spend_pixels(1)
        assert await one.refused()
    assert not await one.refused(), "all three have failed"


async def test_another_replica_knows_after_a_write_and_a_lookup(replicas: list[Replica]) -> None:
    one, other = replicas
    await other.cut_out(fail=True)
    for _ in range(3):
        await one.cut_out()
    await one.usage.write()
    assert not await other.refused(), "within CLEARBG_KEY_CACHE_S it believes its cached key"
    other.forget_key()
    assert await other.refused()
    await other.usage.write()
    one.forget_key()
    assert await one.refused()


async def test_the_quota_is_renewed_on_the_first_of_the_month_in_utc(
    replicas: list[Replica], clock: Clock
) -> None:
    one, other = replicas
    for _ in range(3):
        await one.cut_out()
    with pytest.raises(QuotaExceeded, match="2026-12-01") as refused:
        await one.cut_out()
    assert refused.value.retry_after_s == 10
    clock.now_s = END_OF_NOVEMBER_S - 0.001
    assert await one.refused()
    await one.usage.write()
    one.forget_key()
    assert await one.refused(), "the cached key has the images of November from now on"
    clock.now_s = END_OF_NOVEMBER_S
    said = await one.cut_out()
    assert said["RateLimit-Policy"] == f'"images";q=3;w={31 * 86_400}'
    assert said["RateLimit"] == f'"images";r=2;t={31 * 86_400}'
    await one.usage.write()
    one.forget_key()
    assert (await one.cut_out())["X-RateLimit-Remaining"] == "1"
    await one.usage.write()
    assert (await other.cut_out())["X-RateLimit-Remaining"] == "0"


async def test_what_is_written_late_belongs_to_its_own_month(
    replicas: list[Replica], clock: Clock
) -> None:
    one, _ = replicas
    for _ in range(3):
        await one.cut_out()
    clock.now_s = END_OF_NOVEMBER_S
    await one.cut_out()
    await one.usage.write()
    one.forget_key()
    assert (await one.cut_out())["X-RateLimit-Remaining"] == "1"


async def test_headers_tell_the_quota_also_when_no_image_is_sent(
    replicas: list[Replica],
) -> None:
    one, _ = replicas
    for left in (3, 2):
        windows: Windows = []
        async with one._authenticator.request(one._secret, "", windows):
            pass
        assert (await headers(windows))["RateLimit"].startswith(f'"images";r={left};')
        await one.cut_out()


async def test_the_store_that_bulk_workers_ask_says_the_same(
    engine: Engine, replicas: list[Replica], clock: Clock
) -> None:
    one, _ = replicas
    store, (key,) = UsageStore(engine, clock), KeyStore(engine).list()
    for _ in range(3):
        store.check_quota(key.id)
        await one.cut_out()
    await one.usage.write()
    with pytest.raises(QuotaExceeded, match="2026-12-01"):
        store.check_quota(key.id)
    clock.now_s = END_OF_NOVEMBER_S
    store.check_quota(key.id)


async def test_a_request_over_the_rate_limit_is_counted_as_an_error(
    engine: Engine, account_id: int
) -> None:
    secret = KeyStore(engine).create("slow", account_id, limits=Limits(1, 0))[1]
    one = Replica(engine, Clock(), secret)
    await one.cut_out()
    with pytest.raises(RateLimited):
        await one.cut_out()
    ((_, counts),) = one.usage._counts.items()
    assert counts["requests"] == 2
    assert counts["error:rate-limited"] == 1
    assert counts["images"] == 1
    await one.close()


def test_months_have_their_own_lengths() -> None:
    february = Month.at(datetime(2028, 2, 29, 23, 59, tzinfo=UTC).timestamp())
    assert february.length_s == 29 * 86_400
    assert Month.at(february.end_s).start_s == february.end_s


def test_keys_without_a_quota_have_none(engine: Engine, account_id: int) -> None:
    key: ApiKey = KeyStore(engine).create("free", account_id)[0]
    assert key.quota is None
