"""Admission control: limits the pixels or bytes of all requests in flight, and so the memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

from gateway.errors import Overloaded
from gateway.observability.metrics import REFUSALS

RETRY_AFTER_S = 2
"""About the time that a large photo takes."""


class Reservation:
    """The amount that one request counts, until its last holder releases it.

    Besides the request, each of its threads holds it: a running thread cannot be stopped, so its
    memory counts until it ends, also if the request was cancelled. Not thread-safe: use it only in
    the event loop's thread.
    """

    def __init__(self, admission: "Admission", amount: int) -> None:
        self._admission, self._amount, self._holders = admission, amount, 0

    def hold(self) -> None:
        """Add a holder."""
        self._holders += 1

    def release(self) -> None:
        """Remove a holder; the last one frees the reservation."""
        self._holders -= 1
        if not self._holders:
            self._admission.add(-self._amount)

    def __enter__(self) -> "Reservation":
        self.hold()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


class Admission:
    """Counts an amount in flight, and rejects requests that would exceed the limit.

    Args:
        limit: of the amount.
        what: is counted, for messages; its first word labels the metric, e.g. `pixels`.
        gauge: metric of the amount in flight.
    """

    def __init__(self, limit: int, what: str, gauge: Gauge) -> None:
        self._limit, self._what, self._gauge = limit, what, gauge
        self._in_flight = 0

    def admit(self, amount: int, *, part: float = 1.0) -> Reservation:
        """Reserve an amount. If nothing is in flight, any amount is admitted.

        Args:
            amount: in the counted unit.
            part: share of the limit that may be in use with this amount. Requests that can wait
                use less than 1, to leave room for others.

        Raises:
            Overloaded: at once, if the limit would be exceeded.
        """
        if self._in_flight and self._in_flight + amount > part * self._limit:
            if part == 1:  # others are retried, so they do not count
                REFUSALS.labels(self._what.partition(" ")[0]).inc()
            raise Overloaded(f"Too many {self._what} are in flight.", RETRY_AFTER_S)
        self.add(amount)
        return Reservation(self, amount)

    @contextmanager
    def counted(self, amount: int) -> Iterator[None]:
        """Count an amount inside the block without a limit: for memory that exists already."""
        self.add(amount)
        try:
            yield
        finally:
            self.add(-amount)

    def add(self, amount: int) -> None:
        """Add to the amount in flight without a limit; a negative amount is subtracted."""
        self._in_flight += amount
        self._gauge.set(self._in_flight)
