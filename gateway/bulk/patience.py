"""What a job waits for: outages of the stores, and the model's being busy. Both pass."""

import logging
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from obstore.exceptions import BaseError
from sqlalchemy.exc import InterfaceError, NoResultFound, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import AsyncRetrying, RetryCallState, before_sleep_log, retry_if_exception
from tenacity.wait import wait_random_exponential

from gateway.errors import DeadlineExceeded, GatewayError

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

OUTAGES = (BaseError, OperationalError, InterfaceError, PoolTimeout, OSError, TimeoutError)
LOST = (FileNotFoundError, NoResultFound)
"""What is gone does not come back."""

_growing = wait_random_exponential(multiplier=0.5, max=10)


def _is_outage(error: BaseException) -> bool:
    return isinstance(error, OUTAGES) and not isinstance(error, LOST)


def _is_overload(error: BaseException) -> bool:
    if isinstance(error, DeadlineExceeded):
        return True
    return isinstance(error, GatewayError) and error.retry_after_s is not None


def _pause_s(state: RetryCallState) -> float:
    """As long as the error says, at least."""
    error = state.outcome.exception() if state.outcome else None
    told_s = error.retry_after_s if isinstance(error, GatewayError) else None
    return max(_growing(state), told_s or 0.0)


_outages = AsyncRetrying(
    retry=retry_if_exception(_is_outage),
    wait=_growing,
    before_sleep=before_sleep_log(log, logging.WARNING),
)
_overload = AsyncRetrying(retry=retry_if_exception(_is_overload), wait=_pause_s)


async def through_outages(ask: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a coroutine function until the storage or the database answers."""
    # A copy, since it keeps a call's state between its awaits.
    return await _outages.copy()(ask, *args, **kwargs)


async def through_overload(ask: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a coroutine function until the service has room."""
    return await _overload.copy()(ask, *args, **kwargs)
