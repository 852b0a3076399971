"""A histogram of latencies that adds up: the counts of replicas, and of minutes, can be summed."""

from bisect import bisect_left
from collections.abc import Mapping

BOUNDS_S = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0, 20.0, 30.0)
"""Upper bounds of the intervals: from a small image on a GPU to the default deadline."""
INTERVALS = tuple(f"{bound:g}" for bound in (*BOUNDS_S, float("inf")))
"""The interval's name is its upper bound, so that other bounds can be used later."""


def interval(seconds: float) -> str:
    """Return the interval that a latency belongs to."""
    return INTERVALS[bisect_left(BOUNDS_S, seconds)]


def quantile_s(counts: Mapping[str, int], share: float) -> float | None:
    """Return the latency that a share of the requests did not exceed.

    Within an interval it is interpolated linearly, as Prometheus does.

    Args:
        counts: requests by interval.
        share: 0 to 1; 0.95 for the 95th percentile.

    Returns:
        Seconds; beyond the last bound, that bound. None if nothing was counted.
    """
    rank = share * sum(counts.values())
    below = 0
    for upper_s, count in sorted((float(name), count) for name, count in counts.items() if count):
        if below + count >= rank:
            lower_s = max((bound for bound in BOUNDS_S if bound < upper_s), default=0.0)
            is_beyond = upper_s == float("inf")
            return lower_s if is_beyond else lower_s + (upper_s - lower_s) * (rank - below) / count
        below += count
    return None
