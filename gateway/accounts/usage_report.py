"""What an account used in a period, by minute or day, and by key."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.latency import quantile_s
from gateway.accounts.quotas import DAY_S
from gateway.accounts.tables import KeyRow, UsageRow
from gateway.accounts.usage_store import ERROR, IMAGES, LATENCY, MINUTE_S, PIXELS, REQUESTS
from gateway.errors import AccountsUnavailable, BadOption, NoKey

Step = Literal["minute", "day"]
STEPS_S: dict[Step, int] = {"minute": MINUTE_S, "day": DAY_S}
DEFAULT_LENGTHS_S: dict[Step, int] = {"minute": 3600, "day": 30 * DAY_S}
YEARS = range(2000, 3000)
RETRY_AFTER_S = 5


@dataclass(frozen=True)
class Period:
    """A time to report on, in Unix seconds.

    Args:
        start_s: the beginning of the first minute or day.
        end_s: the end of the last one.
        step: what the database is asked for.
        width_s: length of one bucket of the report, a multiple of the step.
    """

    start_s: int
    end_s: int
    step: Step
    width_s: int

    @classmethod
    def parse(
        cls, start: datetime | None, end: datetime | None, step: Step, now_s: float
    ) -> "Period":
        """Return the whole minutes or days that touch a time; without a time zone it is UTC.

        Args:
            start: default: an hour before the end by minutes, 30 days by days.
            end: default: now.
            step: minute or day.
            now_s: Unix seconds.

        Raises:
            BadOption: the end is not after the start, or one is not in `YEARS`.
        """
        step_s = STEPS_S[step]
        end_s = now_s if end is None else _unix_s("to", end)
        start_s = end_s - DEFAULT_LENGTHS_S[step] if start is None else _unix_s("from", start)
        if start_s >= end_s:
            raise BadOption("from", "from must be before to.")
        return cls(int(start_s // step_s * step_s), int(-(-end_s // step_s) * step_s), step, step_s)

    @classmethod
    def latest(cls, length_s: int, width_s: int, now_s: float) -> "Period":
        """Return the period of a length that ends with the bucket of now."""
        end_s = int(now_s // width_s + 1) * width_s
        step: Step = "day" if width_s % DAY_S == 0 else "minute"
        return cls(end_s - length_s, end_s, step, width_s)

    @property
    def starts(self) -> range:
        """When each bucket begins, in Unix seconds."""
        return range(self.start_s // self.width_s * self.width_s, self.end_s, self.width_s)


class Figures:
    """What was used: in a bucket, by a key, or altogether.

    Args:
        counts: by measure; see `usage_store`.
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.requests, self.images = counts.get(REQUESTS, 0), counts.get(IMAGES, 0)
        self.megapixels = round(counts.get(PIXELS, 0) / 1e6, 3)
        self.errors = _under(ERROR, counts)
        """By the slug of the problem."""
        self._latencies = _under(LATENCY, counts)
        self.failed = sum(self.errors.values())
        self.succeeded = max(0, self.requests - self.failed)
        """Requests without an error. Bulk images that failed are errors, but no requests."""

    @cached_property
    def p50_s(self) -> float | None:
        """Median latency of the requests with an image; None if there was none."""
        return quantile_s(self._latencies, 0.5)

    @cached_property
    def p95_s(self) -> float | None:
        """The latency that 95 % of these did not exceed."""
        return quantile_s(self._latencies, 0.95)


@dataclass(frozen=True)
class KeyUsage:
    """What one key used."""

    id: int
    name: str
    figures: Figures


@dataclass(frozen=True)
class Report:
    """What an account, or one key of it, used in a period."""

    period: Period
    buckets: dict[int, Figures]
    """By the Unix time of their start; those without use are missing."""
    keys: list[KeyUsage]
    """Those with use, oldest first."""
    total: Figures


class UsageReports:
    """Reads usage.

    Args:
        engine: an open, migrated database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def read(self, account_id: int, period: Period, key_id: int | None = None) -> Report:
        """Report what an account, or one key of it, used.

        Raises:
            NoKey: the key is not the account's.
            AccountsUnavailable: the database does not answer.
        """
        try:
            return await asyncio.to_thread(self._read, account_id, period, key_id)
        except SQLAlchemyError as error:
            raise AccountsUnavailable("Usage cannot be read now.", RETRY_AFTER_S) from error

    async def keys(self, account_id: int) -> dict[int, str]:
        """Return the names of all keys of an account, the dashboard's included, by id."""
        query = select(KeyRow.id, KeyRow.name).where(KeyRow.account_id == account_id)

        def read() -> dict[int, str]:
            with self._engine.connect() as connection:
                return {key.id: key.name for key in connection.execute(query.order_by(KeyRow.id))}

        return await asyncio.to_thread(read)

    async def errors_of_all(self, since_s: float) -> dict[str, int]:
        """Return the errors of all accounts since a Unix time, by the slug of the problem.

        Raises:
            AccountsUnavailable: the database does not answer.
        """
        query = (
            select(UsageRow.measure, func.sum(UsageRow.count))
            .where(UsageRow.step_s == MINUTE_S, UsageRow.at_s >= since_s)
            .where(UsageRow.measure.startswith(ERROR))
            .group_by(UsageRow.measure)
        )

        def read() -> dict[str, int]:
            with self._engine.connect() as connection:
                counts = {measure: int(count) for measure, count in connection.execute(query)}
                return _under(ERROR, counts)

        try:
            return await asyncio.to_thread(read)
        except SQLAlchemyError as error:
            raise AccountsUnavailable("Usage cannot be read now.", RETRY_AFTER_S) from error

    def _read(self, account_id: int, period: Period, key_id: int | None) -> Report:
        is_shown = [KeyRow.account_id == account_id]
        if key_id is not None:
            is_shown.append(KeyRow.id == key_id)
        with self._engine.connect() as connection:
            keys = connection.execute(
                select(KeyRow.id, KeyRow.name).where(*is_shown).order_by(KeyRow.id)
            ).all()
            if key_id is not None and not keys:
                raise NoKey
            width = period.width_s
            ids = [key.id for key in keys]
            by_time = connection.execute(_sums(UsageRow.at_s // width * width, ids, period)).all()
            by_key = connection.execute(_sums(UsageRow.key_id, ids, period)).all()
        return _report(period, keys, _grouped(by_time), _grouped(by_key))


def _sums(group: Any, key_ids: list[int], period: Period) -> Select[Any]:
    """Return the query of each measure's sum by a group."""
    return (
        select(group, UsageRow.measure, func.sum(UsageRow.count))
        .where(UsageRow.key_id.in_(key_ids), UsageRow.step_s == STEPS_S[period.step])
        .where(UsageRow.at_s >= period.start_s, UsageRow.at_s < period.end_s)
        .group_by(group, UsageRow.measure)
    )


def _grouped(rows: Any) -> dict[int, dict[str, int]]:
    groups: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for group, measure, count in rows:
        groups[int(group)][measure] = int(count)
    return groups


def _report(
    period: Period,
    keys: Any,
    by_time: dict[int, dict[str, int]],
    by_key: dict[int, dict[str, int]],
) -> Report:
    total: Counter[str] = Counter()
    for counts in by_key.values():
        total.update(counts)
    return Report(
        period,
        {at_s: Figures(by_time[at_s]) for at_s in sorted(by_time)},
        [KeyUsage(key.id, key.name, Figures(by_key[key.id])) for key in keys if key.id in by_key],
        Figures(total),
    )


def _under(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    return {
        name.removeprefix(prefix): count
        for name, count in sorted(counts.items())
        if name.startswith(prefix)
    }


def _unix_s(name: str, time: datetime) -> float:
    if time.year not in YEARS:
        raise BadOption(name, f"{name} must be in the years {YEARS[0]} to {YEARS[-1]}.")
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
