"""Which errors are retried, and after which pause."""

import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from gateway.client.problem import Problem

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
"""Pauses without a Retry-After: they double from the first to the longest."""
LONGEST_RETRY_AFTER_S = 120.0
"""Longest Retry-After that the client honours; beyond it, the error is raised at once."""
JITTER = 0.25
"""Largest random extension of a pause, as a part of it: without it, all clients that were rejected
together would retry together."""

Result = TypeVar("Result")


async def with_retries(
    attempts: int, call: Callable[..., Awaitable[Result]], *arguments: object
) -> Result:
    """Await a call, and retry it as `policy` says; the last error is raised."""
    # One AsyncRetrying per call: it keeps the state of the call between awaits.
    result: Result = await AsyncRetrying(**policy(attempts))(call, *arguments)
    return result


def policy(attempts: int) -> dict[str, Any]:
    """Return the arguments for tenacity's `Retrying` and `AsyncRetrying`."""
    return {
        "retry": retry_if_exception(_is_retried),
        "wait": pause_s,
        "stop": stop_after_attempt(attempts),
        "reraise": True,
    }


def _is_retried(error: BaseException) -> bool:
    if not isinstance(error, Problem) or not error.is_retryable:
        return False
    return (error.retry_after_s or 0) <= LONGEST_RETRY_AFTER_S


def pause_s(state: RetryCallState) -> float:
    """Return the seconds to wait before the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    pause = error.retry_after_s if isinstance(error, Problem) else None
    if pause is None:
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (state.attempt_number - 1))
    return pause * random.uniform(1, 1 + JITTER)
