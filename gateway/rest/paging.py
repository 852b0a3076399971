"""Pages of lists in HTTP: the query parameters, and the JSON of an answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query

from gateway.errors import BadOption
from gateway.paging import DEFAULT_LIMIT, MAX_LIMIT, HasCreationTime, Page, PageRequest
from gateway.rest.fields import Schema
from gateway.rest.schemas import TIME_OR_NULL

Entry = TypeVar("Entry", bound=HasCreationTime)


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    before: Annotated[
        datetime | None, Query(description="`next_before` of the previous page.")
    ] = None,
) -> PageRequest:
    """Parse the query parameters.

    Raises:
        BadOption: converted to UTC, `before` is outside of the years 1 to 9999.
    """
    try:
        return PageRequest(limit, before.astimezone(UTC) if before else None)
    except (OverflowError, ValueError) as error:
        raise BadOption("before", "before must be in the years 1 to 9999, in UTC.") from error


PageQuery = Annotated[PageRequest, Depends(_page_request)]
"""Annotates a route's parameter that takes `limit` and `before` from the query."""


def page_schema(name: str, entry: Schema) -> Schema:
    """Return the schema of what `page_as_json` returns."""
    return {
        "type": "object",
        "required": [name, "next_before"],
        "properties": {
            name: {"type": "array", "items": entry},
            "next_before": TIME_OR_NULL | {"description": "`before` of the next page."},
        },
    }


def page_as_json(
    page: Page[Entry], name: str, as_json: Callable[[Entry], dict[str, Any]]
) -> dict[str, Any]:
    """Return a page with its entries under `name`."""
    return {
        name: [as_json(entry) for entry in page.entries],
        "next_before": next_before(page),
    }


def next_before(page: Page[Entry]) -> str | None:
    """Return `before` of the next page as text; None after the last page."""
    before = page.next_before
    return f"{before:%Y-%m-%dT%H:%M:%S.%fZ}" if before else None
