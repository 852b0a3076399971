"""The order of images of several models that share the same cores or GPU: neither starves.

Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): each image begins, in virtual time,
where the one before it of its model ends, or now. Images go by that time. So models that all have
images waiting get equal shares of the machine's time, however long one image of each takes. With a
single model the order is that of arrival.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.models.model import Priority

Place = tuple[float, int]
"""A place in the queue; lower ones go first. The second number is that of arrival."""
MIN_S = 0.01
"""What an image counts at least: that of a model that was not measured yet is not free."""


class FairOrder:
    """Gives each image its place."""

    def __init__(self) -> None:
        self._now = 0.0
        self._ends: dict[tuple[str, Priority], float] = {}
        self._waiting: set[Place] = set()
        self._numbers = itertools.count()

    @contextmanager
    def place(self, model: str, priority: Priority, seconds: float) -> Iterator[Place]:
        """Return the place of a new image. If it has not started by the end, it costs nothing.

        Args:
            model: name of its model.
            priority: images of other priorities do not matter, since one always goes first.
            seconds: that it will probably take.
        """
        key, seconds = (model, priority), max(seconds, MIN_S)
        start = max(self._now, self._ends.get(key, 0.0))
        self._ends[key] = start + seconds
        place = start, next(self._numbers)
        self._waiting.add(place)
        try:
            yield place
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
                self._ends[key] = max(self._now, self._ends[key] - seconds)

    def started(self, place: Place) -> None:
        """Note that the image of this place runs now."""
        self._waiting.discard(place)
        self._now = max(self._now, place[0])
