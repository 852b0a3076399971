"""What is tried again, and when: as the service says, else with growing pauses."""

import random
from typing import Any

from tenacity import RetryCallState, retry_if_exception, stop_after_attempt

from gateway.client.problem import Problem

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
LONGEST_WAIT_S = 120.0
"""Whoever is told to wait longer is told so."""
JITTER = 0.25
"""Of the pause, at most: or all who were refused together come back together."""


def policy(attempts: int) -> dict[str, Any]:
    """Arguments for tenacity."""
    return {
        "retry": retry_if_exception(_is_worth_it),
        "wait": pause_s,
        "stop": stop_after_attempt(attempts),
        "reraise": True,
    }


def _is_worth_it(error: BaseException) -> bool:
    if not isinstance(error, Problem) or not error.may_pass_later:
        return False
    return (error.retry_after_s or 0) <= LONGEST_WAIT_S


def pause_s(state: RetryCallState) -> float:
    """Seconds before the next attempt."""
    error = state.outcome.exception() if state.outcome else None
    told = error.retry_after_s if isinstance(error, Problem) else None
    grown = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (state.attempt_number - 1))
    return (grown if told is None else told) * random.uniform(1, 1 + JITTER)
