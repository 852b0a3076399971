"""Usage: replicas add up, days are complete, and accounts see their own only."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.accounts.latency import BOUNDS_S, interval, quantile_s
from gateway.accounts.quotas import DAY_S
from gateway.accounts.usage import Usage
from gateway.accounts.usage_report import Figures, Period, Report, UsageReports
from gateway.accounts.usage_store import MINUTES_KEPT_S, LastUse, UsageStore
from gateway.errors import BadOption, NoKey

NOON_S = int(datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp())
ALWAYS = Period(0, 2 * NOON_S, "minute", 60), Period(0, 2 * NOON_S, "day", DAY_S)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Clock:
    """Tells the time that a test sets."""

    now_s: float = NOON_S

    def __call__(self) -> float:
        return self.now_s


def figures(figures: Figures) -> tuple[int, int, float, dict[str, int]]:
    return figures.requests, figures.images, figures.megapixels, figures.errors


async def reports(engine: Engine, account_id: int) -> list[Report]:
    """By minutes and by days."""
    return [await UsageReports(engine).read(account_id, period) for period in ALWAYS]


async def test_replicas_that_write_at_once_add_up(engine: Engine, account_id: int) -> None:
    ids = [KeyStore(engine).create(name, account_id)[0].id for name in "ab"]
    used = {"requests": 3, "images": 2, "pixels": 5_000_000, "error:bad-image": 1}
    counts = {(key_id, NOON_S): used for key_id in ids}
    stores = [UsageStore(engine, Clock()) for _ in range(2)]
    writes = 10
    with ThreadPoolExecutor(2) as threads:
        for store in stores:
            for number in range(writes):
                in_order = counts if number % 2 else dict(reversed(counts.items()))
                threads.submit(store.write, in_order, {ids[0]: LastUse(NOON_S, "203.0.113.7")})
    times = 2 * writes
    for report in await reports(engine, account_id):
        expected = (3 * times, 2 * times, 5.0 * times, {"bad-image": times})
        assert [figures(key.figures) for key in report.keys] == [expected] * 2
        assert report.total.images == 4 * times
    keys = KeyStore(engine).list()
    assert [key.images for key in keys] == [2 * times] * 2
    assert (keys[0].last_used_at, keys[0].last_used_from) == (NOW, "203.0.113.7")
    assert keys[1].last_used_at is None


async def test_a_day_keeps_what_its_deleted_minutes_had(engine: Engine, account_id: int) -> None:
    key, _ = KeyStore(engine).create("busy", account_id)
    clock = Clock()
    store = UsageStore(engine, clock)
    old, new = NOON_S, NOON_S + MINUTES_KEPT_S
    for minute in (old, old + 60, new, new + 60):
        store.write({(key.id, minute): {"requests": 2, "images": 1, "latency:0.5": 1}}, {})
    before = await reports(engine, account_id)
    clock.now_s = new + 60
    store.prune()
    by_minutes, by_days = await reports(engine, account_id)
    assert list(by_minutes.buckets) == [old + 60, new, new + 60]
    assert figures(by_days.total) == figures(before[1].total) == (8, 4, 0.0, {})
    assert by_days.total.p50_s == before[1].total.p50_s
    assert list(by_days.buckets) == [NOON_S // DAY_S * DAY_S, NOON_S // DAY_S * DAY_S + 2 * DAY_S]
    store.prune()
    assert figures((await reports(engine, account_id))[1].total) == (8, 4, 0.0, {})


async def test_an_account_sees_its_own_keys_only(engine: Engine, account_id: int) -> None:
    other = AccountStore(engine).create("other").id
    keys = KeyStore(engine)
    ours, theirs = keys.create("ours", account_id)[0].id, keys.create("theirs", other)[0].id
    UsageStore(engine, Clock()).write(
        {(ours, NOON_S): {"requests": 1}, (theirs, NOON_S): {"requests": 100}}, {}
    )
    read = UsageReports(engine).read
    assert (await read(account_id, ALWAYS[0])).total.requests == 1
    assert (await read(other, ALWAYS[0], theirs)).total.requests == 100
    for missing in (theirs, 999):
        with pytest.raises(NoKey):
            await read(account_id, ALWAYS[0], missing)


async def test_wider_buckets_are_sums_of_minutes(engine: Engine, account_id: int) -> None:
    key, _ = KeyStore(engine).create("busy", account_id)
    minutes = range(NOON_S, NOON_S + 1800, 60)
    UsageStore(engine, Clock()).write({(key.id, at): {"requests": 1} for at in minutes}, {})
    period = Period.latest(3600, 900, NOON_S + 1790)
    report = await UsageReports(engine).read(account_id, period)
    assert {at: each.requests for at, each in report.buckets.items()} == {
        NOON_S: 15,
        NOON_S + 900: 15,
    }
    assert list(period.starts)[-1] == NOON_S + 900
    assert len(period.starts) == 4


async def test_what_cannot_be_written_now_is_written_later(engine: Engine, account_id: int) -> None:
    key, _ = KeyStore(engine).create("busy", account_id)
    usage = Usage(UsageStore(engine, Clock()))
    usage.add(key.id, {"requests": 1, "images": 1}, "203.0.113.7")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE usage RENAME TO elsewhere"))
    await usage.write()
    usage.add(key.id, {"requests": 1}, "203.0.113.8")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO usage"))
    await asyncio.gather(usage.write(), usage.write())
    await usage.close()
    assert figures((await reports(engine, account_id))[0].total) == (2, 1, 0.0, {})
    (key,) = KeyStore(engine).list()
    assert (key.images, key.last_used_from) == (1, "203.0.113.8")


async def test_a_stop_writes_what_was_counted(engine: Engine, account_id: int) -> None:
    key, _ = KeyStore(engine).create("busy", account_id)
    usage = Usage(UsageStore(engine, Clock()))
    usage.add(key.id, {"requests": 1})
    await usage.close()
    assert (await reports(engine, account_id))[0].total.requests == 1


def test_latencies_of_replicas_can_be_added() -> None:
    assert quantile_s({}, 0.5) is None
    assert interval(0.3) == "0.4"
    assert interval(0.25) == "0.25"
    assert interval(31) == "inf"
    one = {interval(0.3): 90}
    assert quantile_s(one, 0.5) == pytest.approx(0.25 + 0.15 / 2)
    both = one | {interval(3.0): 10}
    assert quantile_s(both, 0.5) == pytest.approx(0.25 + 0.15 * 50 / 90)
    assert quantile_s(both, 0.95) == pytest.approx(2.5 + 1.5 / 2)
    assert quantile_s({"inf": 1}, 0.5) == BOUNDS_S[-1]


def test_a_period_is_whole_minutes_or_days() -> None:
    start = datetime(2026, 11, 1, 10, 30, 30)
    by_minutes = Period.parse(start, None, "minute", NOON_S + 1)
    assert (by_minutes.start_s % 60, by_minutes.end_s) == (0, NOON_S + 60)
    assert by_minutes.start_s == int(datetime(2026, 11, 1, 10, 30, tzinfo=UTC).timestamp())
    by_days = Period.parse(None, NOW, "day", 0)
    assert by_days.end_s - by_days.start_s == 31 * DAY_S
    for first, last in (
        (NOW, start),
        (start.replace(year=1), None),
        (None, NOW.replace(year=9999)),
    ):
        with pytest.raises(BadOption):
            Period.parse(first, last, "day", NOON_S)
