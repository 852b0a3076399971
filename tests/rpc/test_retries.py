"""Which errors the client retries, and after which pause."""

import pytest
from tenacity import RetryCallState, Retrying

from gateway.client import Problem
from gateway.client.retries import policy


@pytest.mark.parametrize(
    ("retry_after_s", "attempt", "least_s", "most_s"),
    [(None, 1, 0.2, 0.25), (None, 3, 0.8, 1.0), (None, 9, 10, 12.5), (3, 1, 3, 3.75)],
)
def test_pauses_grow_unless_the_service_gives_a_retry_after(
    retry_after_s: float | None, attempt: int, least_s: float, most_s: float
) -> None:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    error = Problem("overloaded", "x", retry_after_s=retry_after_s)
    state.set_exception((Problem, error, None))
    assert all(least_s <= policy(5)["wait"](state) <= most_s for _ in range(50))


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (Problem("overloaded", "x", retry_after_s=1), True),
        (Problem("unreachable", "x"), True),
        (Problem("bad-image", "x"), False),
        (Problem("rate-limited", "x", retry_after_s=86_400), False),
        (KeyError("x"), False),
    ],
)
def test_only_errors_that_may_pass_soon_are_retried(error: Exception, is_retried: bool) -> None:
    state = RetryCallState(Retrying(), None, (), {})
    state.set_exception((type(error), error, None))
    assert bool(policy(5)["retry"](state)) is is_retried
