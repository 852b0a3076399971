"""Admission: how much may be worked on at once, in megapixels, since memory grows with them."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import Overloaded
from gateway.metrics import MEGAPIXELS_IN_FLIGHT

RETRY_AFTER_S = 2
"""About as long as a large photo takes."""


class Admission:
    """Counts the megapixels in flight and refuses what would exceed the limit."""

    def __init__(self, max_megapixels: float) -> None:
        self._max = max_megapixels
        self._in_flight = 0.0

    @contextmanager
    def admit(self, megapixels: float) -> Iterator[None]:
        """Hold a place for one image; a single one is let in however large it is.

        Raises:
            Overloaded: at once, when there is no place.
        """
        if self._in_flight and self._in_flight + megapixels > self._max:
            raise Overloaded("Too many megapixels are being worked on.", RETRY_AFTER_S)
        self._count(megapixels)
        try:
            yield
        finally:
            self._count(-megapixels)

    def _count(self, megapixels: float) -> None:
        self._in_flight += megapixels
        MEGAPIXELS_IN_FLIGHT.set(self._in_flight)
