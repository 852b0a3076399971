"""What a job waits for: the model's being busy, which passes."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception
from tenacity.wait import wait_random_exponential

from gateway.errors import DeadlineExceeded, GatewayError
from gateway.metrics import BULK_RETRIES

P = ParamSpec("P")
T = TypeVar("T")

_growing = wait_random_exponential(multiplier=0.5, max=10)


def _is_overload(error: BaseException) -> bool:
    if isinstance(error, DeadlineExceeded):
        return True
    return isinstance(error, GatewayError) and error.retry_after_s is not None


def _pause_s(state: RetryCallState) -> float:
    """As long as the error says, at least."""
    error = state.outcome.exception() if state.outcome else None
    told_s = error.retry_after_s if isinstance(error, GatewayError) else None
    return max(_growing(state), told_s or 0.0)


def _count(state: RetryCallState) -> None:
    BULK_RETRIES.inc()


_overload = AsyncRetrying(
    retry=retry_if_exception(_is_overload), wait=_pause_s, before_sleep=_count
)


async def through_overload(ask: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a coroutine function until the service has room."""
    return await _overload.copy()(ask, *args, **kwargs)
