"""Waiting times of a pool of servers behind one queue: the formulas of the capacity plan.

Sources: L. Kleinrock, Queueing Systems, volume 1 (1975), section 3.5 (M/M/m, Erlang's C formula);
A. O. Allen, Probability, Statistics, and Queueing Theory (1990), section 5.3 (the Allen-Cunneen
approximation); J. D. C. Little, A Proof for the Queuing Formula L = λW (1961).
"""

import math

MAX_SERVERS = 100_000


def erlang_c(servers: int, offered_load: float) -> float:
    """Return the share of arrivals that have to wait in M/M/c.

    By Erlang's B recursion, which stays within range for any number of servers:
    B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)), and C = B / (1 - (a / c) (1 - B)).

    Args:
        servers: c, at least 1.
        offered_load: a = arrivals per second times seconds of service. By the utilisation law each
            server is busy for a / c of the time; at a >= c all arrivals wait.
    """
    if offered_load >= servers:
        return 1.0
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered_load * blocked / (k + offered_load * blocked)
    return blocked / (1 - offered_load / servers * (1 - blocked))


def wait_s(
    rate_s: float,
    service_s: float,
    servers: int,
    *,
    quantile: float = 0.95,
    squared_variation: float = 1.0,
) -> float:
    """Return a quantile of the wait before service, in seconds; infinite if the queue never ends.

    In M/M/c, P(wait > t) = C exp(-(c - a) t / service_s). For a service time of another variance,
    Allen and Cunneen scale the mean wait by (1 + squared_variation) / 2; here the exponential is
    scaled by the same factor. For one server with a constant service time (M/D/1) the mean is exact
    then, and the tail close.

    Args:
        rate_s: arrivals per second, at random (Poisson).
        service_s: mean seconds of service.
        servers: in parallel, behind one queue.
        quantile: which one, 0 to 1.
        squared_variation: squared coefficient of variation of the service time: 1 for an
            exponential one, 0 for a constant one.
    """
    offered_load = rate_s * service_s
    if offered_load >= servers:
        return math.inf
    waiting = erlang_c(servers, offered_load)
    if waiting <= 1 - quantile:
        return 0.0
    mean_if_waiting_s = service_s / (servers - offered_load) * (1 + squared_variation) / 2
    return mean_if_waiting_s * math.log(waiting / (1 - quantile))


def servers_needed(
    rate_s: float, service_s: float, max_wait_s: float, *, squared_variation: float = 1.0
) -> int:
    """Return the fewest servers with which the p95 of the wait does not exceed a limit.

    Args:
        rate_s: see `wait_s`.
        service_s: see `wait_s`.
        max_wait_s: the limit in seconds, above 0.
        squared_variation: see `wait_s`.

    Raises:
        ValueError: it would be more than MAX_SERVERS: most likely a wrong unit.
    """
    count = math.floor(rate_s * service_s) + 1
    if count > MAX_SERVERS:
        raise ValueError(f"That would take {count} servers: is a unit wrong?")
    while wait_s(rate_s, service_s, count, squared_variation=squared_variation) > max_wait_s:
        count += 1
    return count
