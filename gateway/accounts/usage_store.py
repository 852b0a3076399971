"""Usage in the database: what each key used, by minute and by day. Blocking.

A row is one measure of one key in one minute or one day: `requests`, `images`, `pixels` (of those
images), `error:` and a problem's slug, `latency:` and an interval of `latency.py`. Every write adds
to the minute and to its day in one transaction. So replicas add up, a day is complete at any time,
and its minutes can be deleted when they are old.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    String,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from gateway.accounts.quotas import DAY_S, Month, exceeded
from gateway.accounts.tables import KeyRow, UsageRow

MINUTE_S = 60
MINUTES_KEPT_S = 2 * DAY_S
"""Then only the days are left."""
REQUESTS, IMAGES, PIXELS, ERROR, LATENCY = "requests", "images", "pixels", "error:", "latency:"
"""The measures; the last two are prefixes."""

PRIMARY_KEY = ("key_id", "step_s", "at_s", "measure")

_OF_KEY = update(KeyRow).where(KeyRow.id == bindparam("of_key"))
# For lists of parameters: a statement of its own for each key costs most of what usage costs.
ADD_IMAGES = _OF_KEY.values(images=KeyRow.images + bindparam("more", type_=Integer))
STORE_LAST_USE = _OF_KEY.values(
    last_used_at=bindparam("at", type_=KeyRow.last_used_at.type),
    last_used_from=func.coalesce(bindparam("address", type_=String), KeyRow.last_used_from),
)

Counts = Mapping[tuple[int, int], Mapping[str, int]]
"""By key and the Unix time of a minute: how much of each measure."""


class LastUse(NamedTuple):
    """When a key was last used, and from which address."""

    at_s: float
    """In Unix seconds."""
    address: str
    """Empty: not known."""


class UsageStore:
    """Adds usage, and deletes old minutes.

    Args:
        engine: an open, migrated database.
        clock: returns Unix seconds.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine, self.clock = engine, clock

    def write(self, counts: Counts, last_uses: Mapping[int, LastUse]) -> dict[int, int]:
        """Add what keys used in some minutes, and store when they were last used.

        Returns:
            This month's images of those keys that have a quota.
        """
        with self.engine.begin() as connection:
            add(connection, counts)
            _store_last_uses(connection, last_uses)
            limited = select(KeyRow.id).where(
                KeyRow.id.in_({key_id for key_id, _ in counts}),
                KeyRow.images_per_month > 0,
            )
            return images_in_month(
                connection, set(connection.scalars(limited)), Month.at(self.clock()).start_s
            )

    def check_quota(self, key_id: int) -> None:
        """Raise QuotaExceeded if a key has a quota for this month that is used up."""
        now_s = self.clock()
        with self.engine.connect() as connection:
            quota = select(KeyRow.images_per_month).where(KeyRow.id == key_id)
            images_per_month = connection.scalar(quota)
            if not images_per_month:
                return
            used = images_in_month(connection, [key_id], Month.at(now_s).start_s)
        if used[key_id] >= images_per_month:
            raise exceeded(images_per_month, now_s)

    def prune(self) -> None:
        """Delete minutes that are older than `MINUTES_KEPT_S`. Several replicas may do so at once.

        Key by key, since that is how the rows are ordered.
        """
        is_old = UsageRow.at_s < self.clock() - MINUTES_KEPT_S
        of_keys = UsageRow.key_id.in_(select(KeyRow.id))
        with self.engine.begin() as connection:
            connection.execute(delete(UsageRow).where(of_keys, UsageRow.step_s == MINUTE_S, is_old))


def add(connection: Connection, counts: Counts) -> None:
    """Add what keys used in some minutes, and to the running totals of their images.

    Rows are locked in the same order by every writer, so that none waits for another in a circle.
    """
    if not counts:
        return
    is_sqlite = connection.dialect.name == "sqlite"
    insert = sqlite.insert(UsageRow) if is_sqlite else postgresql.insert(UsageRow)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=PRIMARY_KEY, set_={"count": UsageRow.count + insert.excluded.count}
        ),
        _rows(counts),
    )
    images: Counter[int] = Counter()
    for (key_id, _), measures in counts.items():
        images[key_id] += measures.get(IMAGES, 0)
    charged = [
        {"of_key": key_id, "more": count} for key_id, count in sorted(images.items()) if count
    ]
    if charged:
        connection.execute(ADD_IMAGES, charged)


def _store_last_uses(connection: Connection, last_uses: Mapping[int, LastUse]) -> None:
    uses = [
        {"of_key": id_, "at": datetime.fromtimestamp(use.at_s, UTC), "address": use.address or None}
        for id_, use in sorted(last_uses.items())
    ]
    if uses:
        connection.execute(STORE_LAST_USE, uses)


def images_in_month(
    connection: Connection | Session, key_ids: Collection[int], start_s: int
) -> dict[int, int]:
    """Return how many images each of the keys has cut out since a month began."""
    sums = (
        select(UsageRow.key_id, func.sum(UsageRow.count))
        .where(UsageRow.key_id.in_(key_ids), UsageRow.step_s == DAY_S)
        .where(UsageRow.at_s >= start_s, UsageRow.measure == IMAGES)
        .group_by(UsageRow.key_id)
    )
    found = {key_id: int(images) for key_id, images in connection.execute(sums)} if key_ids else {}
    return {key_id: found.get(key_id, 0) for key_id in key_ids}


def _rows(counts: Counts) -> list[dict[str, Any]]:
    """Return the rows of the minutes and of their days, in the order of the primary key."""
    sums: Counter[tuple[int, int, int, str]] = Counter()
    for (key_id, minute_s), measures in counts.items():
        for measure, count in measures.items():
            for step_s in (MINUTE_S, DAY_S):
                sums[key_id, step_s, minute_s // step_s * step_s, measure] += count
    names = (*PRIMARY_KEY, "count")
    return [dict(zip(names, (*key, count), strict=True)) for key, count in sorted(sums.items())]
