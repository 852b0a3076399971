"""Lists that are read page by page, newest first."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

MAX_PAGE = 100

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
Before = Annotated[datetime | None, Query(description="`next_before` of the page before.")]


def utc(before: datetime | None) -> datetime | None:
    """A point in time that a caller sent, as it is stored."""
    return before.astimezone(UTC) if before else None


def next_before(created_at: Sequence[datetime], limit: int) -> str | None:
    """Where the page after this one begins; None after the last one.

    Args:
        created_at: of what this page has.
        limit: how many it may have.
    """
    return f"{created_at[-1]:%Y-%m-%dT%H:%M:%S.%fZ}" if len(created_at) == limit else None
