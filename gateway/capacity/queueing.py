"""Waiting in a station of several servers: the formulas that capacity is planned with.

Sources: L. Kleinrock, Queueing Systems, volume 1 (1975), section 3.5 (M/M/m, Erlang's C formula);
A. O. Allen, Probability, Statistics, and Queueing Theory (1990), section 5.3 (the Allen-Cunneen
approximation); J. D. C. Little, A Proof for the Queuing Formula L = λW (1961).
"""

import math

MOST_SERVERS = 100_000


def erlang_c(servers: int, offered: float) -> float:
    """The part of arrivals that have to wait in M/M/c.

    By Erlang's B recursion, which stays within range for any number of servers:
    B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)), and C = B / (1 - (a / c) (1 - B)).

    Args:
        servers: c, at least 1.
        offered: a = arrivals a second times seconds of service. By the utilisation law each
            server is busy for a / c of the time; at a >= c all arrivals wait.
    """
    if offered >= servers:
        return 1.0
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


def wait_s(
    rate_s: float, service_s: float, servers: int, *, part: float = 0.95, varies: float = 1.0
) -> float:
    """A quantile of the wait before service, in seconds; infinite where the queue only grows.

    In M/M/c, P(wait > t) = C exp(-(c - a) t / service_s). For a service time of another variance,
    Allen and Cunneen scale the mean wait by (1 + varies) / 2; the exponential is scaled alike. For
    one server that always takes as long (M/D/1) the mean is exact then, and the tail close.

    Args:
        rate_s: arrivals a second, at random (Poisson).
        service_s: seconds of service, mean.
        servers: side by side, behind one queue.
        part: which quantile, 0 to 1.
        varies: squared coefficient of variation of the service time: 1 exponential, 0 constant.
    """
    offered = rate_s * service_s
    if offered >= servers:
        return math.inf
    waiting = erlang_c(servers, offered)
    if waiting <= 1 - part:
        return 0.0
    mean_if_waiting_s = service_s / (servers - offered) * (1 + varies) / 2
    return mean_if_waiting_s * math.log(waiting / (1 - part))


def servers(rate_s: float, service_s: float, longest_wait_s: float, *, varies: float = 1.0) -> int:
    """The fewest servers with which the p95 of the wait is no longer than this.

    Args:
        rate_s: as for `wait_s`.
        service_s: likewise.
        longest_wait_s: above 0.
        varies: as for `wait_s`.

    Raises:
        ValueError: it would be more than 100 000: a wrong unit, most likely.
    """
    count = math.floor(rate_s * service_s) + 1
    if count > MOST_SERVERS:
        raise ValueError(f"That would take {count} servers: is a unit wrong?")
    while wait_s(rate_s, service_s, count, varies=varies) > longest_wait_s:
        count += 1
    return count
