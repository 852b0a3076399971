"""Retries an image of a job while the service is overloaded."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_random_exponential

from gateway.errors import DeadlineExceeded, GatewayError
from gateway.observability.metrics import BULK_RETRIES

P = ParamSpec("P")
T = TypeVar("T")

_backoff_s = wait_random_exponential(multiplier=0.5, max=10)


def _is_overload(error: BaseException) -> bool:
    if isinstance(error, DeadlineExceeded):
        return True
    return isinstance(error, GatewayError) and error.retry_after_s is not None


def _wait_s(state: RetryCallState) -> float:
    """Return the backoff, but at least the error's own `retry_after_s`."""
    error = state.outcome.exception() if state.outcome else None
    retry_after_s = error.retry_after_s if isinstance(error, GatewayError) else None
    return max(_backoff_s(state), retry_after_s or 0.0)


def _count_retry(state: RetryCallState) -> None:
    BULK_RETRIES.inc()


_retrying = AsyncRetrying(
    retry=retry_if_exception(_is_overload), wait=_wait_s, before_sleep=_count_retry
)


async def retry_while_overloaded(
    function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Call a coroutine function until it does not fail from overload; there is no limit."""
    return await _retrying.copy()(function, *args, **kwargs)
