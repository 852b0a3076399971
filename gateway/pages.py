"""Lists that are read page by page, newest first."""

from collections.abc import Sequence
from datetime import datetime

USUAL_PAGE, MAX_PAGE = 20, 100


def next_before(created_at: Sequence[datetime], limit: int) -> datetime | None:
    """Where the page after this one begins; None after the last one.

    Args:
        created_at: of what this page has.
        limit: how many it may have.
    """
    return created_at[-1] if len(created_at) == limit else None
