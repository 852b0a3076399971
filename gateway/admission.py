"""Admission: how much may be worked on at once, since memory grows with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

from gateway.errors import Overloaded
from gateway.metrics import REFUSALS

RETRY_AFTER_S = 2
"""About as long as a large photo takes."""


class Place:
    """What one request takes up, until the last of those who hold it lets go.

    A thread holds it too: nothing can stop one that has begun, so its memory counts until it ends,
    also when the request was given up. For the event loop's thread only.
    """

    def __init__(self, admission: "Admission", amount: int) -> None:
        self._admission, self._amount, self._holders = admission, amount, 0

    def hold(self) -> None:
        """Hold the place once more."""
        self._holders += 1

    def release(self) -> None:
        """Let go once; the last one frees the place."""
        self._holders -= 1
        if not self._holders:
            self._admission.add(-self._amount)

    def __enter__(self) -> "Place":
        self.hold()
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()


class Admission:
    """Counts an amount in flight (pixels, bytes) and refuses what would exceed the limit."""

    def __init__(self, limit: int, what: str, gauge: Gauge) -> None:
        self._limit, self._what, self._gauge = limit, what, gauge
        self._in_flight = 0

    def admit(self, amount: int, *, part: float = 1.0) -> Place:
        """Take a place; a single one is let in however large it is.

        Args:
            amount: of what is counted.
            part: of the limit that may be in flight with it: those who can wait leave room.

        Raises:
            Overloaded: at once, when there is no place.
        """
        if self._in_flight and self._in_flight + amount > part * self._limit:
            if part == 1:  # those who can wait are not refused, but wait
                REFUSALS.labels(self._what.partition(" ")[0]).inc()
            raise Overloaded(f"Too many {self._what} are in flight.", RETRY_AFTER_S)
        self.add(amount)
        return Place(self, amount)

    @contextmanager
    def counted(self, amount: int) -> Iterator[None]:
        """Count inside the block, whatever the limit: what is there already cannot be refused."""
        self.add(amount)
        try:
            yield
        finally:
            self.add(-amount)

    def add(self, amount: int) -> None:
        """Count, whatever the limit; with a minus, take it back."""
        self._in_flight += amount
        self._gauge.set(self._in_flight)
