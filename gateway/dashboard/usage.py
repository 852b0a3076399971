"""Usage: what the account used in the last hour, day and month, as charts, tables and CSV."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from gateway import problems
from gateway.accounts.quotas import DAY_S
from gateway.accounts.usage_report import Figures, Period, Report
from gateway.accounts.usage_text import as_csv
from gateway.dashboard import charts, usage_figures
from gateway.dashboard.charts import Times
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.key_form import MAX_INTEGER
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import SignedIn
from gateway.errors import BadRequest
from gateway.identity.sessions import Visitor

PATH = "/dashboard/usage"


@dataclass(frozen=True)
class Range:
    """A time that can be chosen."""

    label: str
    each: str
    """What a bar stands for."""
    length_s: int
    width_s: int
    tick_s: int
    """Distance of the times that the axis names."""

    def period(self) -> Period:
        """Return the time until now."""
        return Period.latest(self.length_s, self.width_s, time.time())

    def name(self, at: datetime) -> str:
        """Return a time as people read it; in UTC."""
        return f"{at.day} {at:%b}" if self.width_s == DAY_S else f"{at:%H:%M}"


RANGES = {
    "1h": Range("1 hour", "minute", 3600, 60, 900),
    "24h": Range("24 hours", "quarter of an hour", DAY_S, 900, DAY_S // 4),
    "30d": Range("30 days", "day", 30 * DAY_S, DAY_S, 7 * DAY_S),
}
ONE_KEY = Query(alias="key", description="Id of one key; empty: all.")

router = APIRouter(prefix=PATH)


@router.get("")
async def show(
    request: Request,
    visitor: SignedIn,
    dashboard: CurrentDashboard,
    range_: Annotated[str, Query(alias="range")] = "24h",
    key: Annotated[str, ONE_KEY] = "",
) -> Response:
    """Show the charts."""
    chosen, report = await _read(dashboard, visitor, range_, key)
    times = Times(report.period.starts, chosen.tick_s, chosen.name)
    return render(
        request,
        "usage.html",
        ranges=RANGES,
        range=range_,
        chosen=chosen,
        key=_key_id(key),
        keys=await dashboard.authenticator.usage.reports.keys(visitor.account.id),
        report=report,
        figures=usage_figures.draw(report, times, chosen.each),
        rows=_rows(chosen, report),
        errors={slug: problems.error_class(slug) for slug in report.total.errors},
        meaning=problems.meaning,
        geometry=charts,
    )


@router.get("/csv")
async def csv(
    visitor: SignedIn,
    dashboard: CurrentDashboard,
    range_: Annotated[str, Query(alias="range")] = "24h",
    key: Annotated[str, ONE_KEY] = "",
) -> Response:
    """Send the numbers of the charts as a file."""
    _, report = await _read(dashboard, visitor, range_, key)
    headers = {"Content-Disposition": f'attachment; filename="usage-{range_}.csv"'}
    return Response(as_csv(report), media_type="text/csv", headers=headers)


async def _read(
    dashboard: Dashboard, visitor: Visitor, range_: str, key: str
) -> tuple[Range, Report]:
    """Return a range and what was used in it.

    Raises:
        BadRequest: there is no such range.
        NoKey: the key is not the account's.
    """
    chosen = RANGES.get(range_)
    if chosen is None:
        raise BadRequest(f"range must be one of {', '.join(RANGES)}.")
    reports = dashboard.authenticator.usage.reports
    return chosen, await reports.read(visitor.account.id, chosen.period(), _key_id(key))


def _key_id(text: str) -> int | None:
    """Return a key's id; 0, which no key has, for what is none; None for all keys."""
    if not text:
        return None
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 11 else 0
    return number if number <= MAX_INTEGER else 0


def _rows(chosen: Range, report: Report) -> list[tuple[str, str, Figures]]:
    """Return the buckets with use, the newest first: name, ISO time, figures."""
    rows = []
    for at_s, figures in reversed(report.buckets.items()):
        at = datetime.fromtimestamp(at_s, UTC)
        rows.append((chosen.name(at), at.isoformat(), figures))
    return rows
