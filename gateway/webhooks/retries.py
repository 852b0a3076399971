"""When a failed webhook is sent again, and how often."""

import random

MINUTE_S, HOUR_S = 60.0, 3600.0
RETRY_DELAYS_S = (
    5.0,
    5 * MINUTE_S,
    30 * MINUTE_S,
    *(hours * HOUR_S for hours in (2, 5, 10, 14, 20, 24)),
)
"""After each failed attempt: the schedule that Standard Webhooks 1.0.0 proposes."""
MAX_ATTEMPTS_PER_WEBHOOK = len(RETRY_DELAYS_S) + 1
JITTER = 0.1
MAX_RETRY_DELAY_S = 24 * HOUR_S


def retry_delay_s(failed_attempts: int, retry_after_s: float) -> float:
    """Return the seconds until the next attempt.

    Args:
        failed_attempts: attempts so far, at least 1.
        retry_after_s: the least delay that the endpoint asked for.
    """
    delay_s = min(max(RETRY_DELAYS_S[failed_attempts - 1], retry_after_s), MAX_RETRY_DELAY_S)
    return delay_s * random.uniform(1, 1 + JITTER)
