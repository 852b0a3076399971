"""Outages of the database and the blob storage: retry until they end, or report them to callers."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from obstore.exceptions import BaseError
from sqlalchemy.exc import InterfaceError, InternalError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception
from tenacity.wait import wait_random_exponential

from gateway.errors import AccountsUnavailable, JobsUnavailable

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

OUTAGES = (
    BaseError,
    OperationalError,
    InterfaceError,
    InternalError,  # PostgreSQL is read-only, e.g. while another server becomes the primary
    PoolTimeout,
    OSError,
    TimeoutError,
)
NOT_FOUND = (FileNotFoundError, NoResultFound)
"""Not outages: retrying does not help."""
RETRY_AFTER_S = 5


def _is_outage(error: BaseException) -> bool:
    return isinstance(error, OUTAGES) and not isinstance(error, NOT_FOUND)


_retrying = AsyncRetrying(
    retry=retry_if_exception(_is_outage),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    before_sleep=before_sleep_log(log, logging.WARNING),
)


async def retry_during_outages(
    function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a coroutine function until the storage and the database answer; there is no limit."""
    # A copy, since the object keeps the state of one call between its awaits.
    return await _retrying.copy()(function, *args, **kwargs)


@asynccontextmanager
async def as_jobs_unavailable() -> AsyncIterator[None]:
    """Turn an outage inside the block into an error for callers.

    Raises:
        JobsUnavailable: the database or the storage does not answer.
    """
    try:
        yield
    except OUTAGES as error:
        raise JobsUnavailable("Jobs cannot be stored or read now.", RETRY_AFTER_S) from error


async def report_accounts_outages() -> AsyncIterator[None]:
    """Turn an outage of the database into an error for people; a dependency of routes.

    Raises:
        AccountsUnavailable: the database does not answer.
    """
    try:
        yield
    except OUTAGES as error:
        log.warning("the database does not answer: %r", error)
        raise AccountsUnavailable("The database does not answer now.", RETRY_AFTER_S) from error
