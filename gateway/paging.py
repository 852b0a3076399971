"""Pages of lists that are ordered by creation time, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

DEFAULT_LIMIT, MAX_LIMIT = 20, 100


class HasCreationTime(Protocol):
    """An entry of a list."""

    @property
    def created_at(self) -> datetime:
        """When it was created."""


Entry = TypeVar("Entry", bound=HasCreationTime)
Query = TypeVar("Query", bound=Select[Any])


@dataclass(frozen=True)
class Page(Generic[Entry]):
    """Some entries of a list, newest first."""

    entries: Sequence[Entry]
    next_before: datetime | None
    """`before` of the next page; None after the last page."""


@dataclass(frozen=True)
class PageRequest:
    """Which entries of a list to return."""

    limit: int = DEFAULT_LIMIT
    """Their maximum number, 1 to `MAX_LIMIT`."""
    before: datetime | None = None
    """Only entries created before this time, in UTC; None starts with the newest."""

    def select(self, query: Query, created_at: InstrumentedAttribute[datetime]) -> Query:
        """Restrict a query to the page, newest first."""
        if self.before:
            query = query.where(created_at < self.before)
        return query.order_by(created_at.desc()).limit(self.limit)

    def page(self, entries: Sequence[Entry]) -> Page[Entry]:
        """Return the selected entries as a page."""
        is_full = len(entries) == self.limit
        return Page(entries, entries[-1].created_at if is_full else None)
