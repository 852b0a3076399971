"""Pages of lists, as HTTP asks for them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from gateway import pages
from gateway.pages import MAX_PAGE

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Before = Annotated[datetime | None, Query(description="`next_before` of the page before.")]


def utc(before: datetime | None) -> datetime | None:
    """A point in time that a caller sent, as it is stored."""
    return before.astimezone(UTC) if before else None


def next_before(created_at: Sequence[datetime], limit: int) -> str | None:
    """The same as `pages.next_before`, to be sent back as `before`."""
    before = pages.next_before(created_at, limit)
    return f"{before:%Y-%m-%dT%H:%M:%S.%fZ}" if before else None
