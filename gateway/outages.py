"""Outages of the stores, the database and the storage, which pass."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from obstore.exceptions import BaseError
from sqlalchemy.exc import InterfaceError, InternalError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception
from tenacity.wait import wait_random_exponential

from gateway.errors import JobsUnavailable

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

OUTAGES = (
    BaseError,
    OperationalError,
    InterfaceError,
    InternalError,  # PostgreSQL is read-only, as when another one becomes the primary
    PoolTimeout,
    OSError,
    TimeoutError,
)
RETRY_AFTER_S = 5
LOST = (FileNotFoundError, NoResultFound)
"""What is gone does not come back."""


def _is_outage(error: BaseException) -> bool:
    return isinstance(error, OUTAGES) and not isinstance(error, LOST)


_outages = AsyncRetrying(
    retry=retry_if_exception(_is_outage),
    wait=wait_random_exponential(multiplier=0.5, max=10),
    before_sleep=before_sleep_log(log, logging.WARNING),
)


async def through_outages(ask: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a coroutine function until the storage or the database answers."""
    # A copy, since it keeps a call's state between its awaits.
    return await _outages.copy()(ask, *args, **kwargs)


@asynccontextmanager
async def told() -> AsyncIterator[None]:
    """What the stores raise while they do not answer, as an error that is told to callers.

    Raises:
        JobsUnavailable: they do not.
    """
    try:
        yield
    except OUTAGES as error:
        raise JobsUnavailable("Jobs cannot be kept or read now.", RETRY_AFTER_S) from error
