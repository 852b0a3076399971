"""How much work a model has, and how long it takes: what would not be done in time is refused."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import Overloaded
from gateway.metrics import MODEL_IMAGES, REFUSALS
from gateway.models.model import Priority

WEIGHT = 0.1
"""Of the newest measurement: a moving average over about ten images."""

SURE_PART = 0.8
"""Of the time that is left, what the queue may take by our estimate. Were it all of it, an overload
would keep the queue just so long that many an image is late, and its work done for nobody."""


class Backlog:
    """Counts the images that wait or run, and estimates the seconds that each adds."""

    def __init__(self, max_images: int) -> None:
        self._max_images = max_images
        self._images: Counter[Priority] = Counter()
        self._seconds_an_image = 0.0
        self._measured = 0

    def in_front(self, priority: Priority) -> int:
        """How many images a new one waits for; of bulk ones, an interactive one for one at most."""
        bulk = self._images[Priority.BULK]
        if priority is Priority.INTERACTIVE:
            bulk = min(bulk, 1)
        return self._images[Priority.INTERACTIVE] + bulk

    @contextmanager
    def place(self, priority: Priority, timeout_s: float) -> Iterator[None]:
        """Hold a place for one image. A caller that gives up leaves at once and frees its place.

        Raises:
            Overloaded: at once, when the queue is full, or is not sure to be done in `timeout_s`.
        """
        self.check(priority, timeout_s)
        self._images[priority] += 1
        try:
            with MODEL_IMAGES.labels(priority.name.lower()).track_inprogress():
                yield
        finally:
            self._images[priority] -= 1

    def check(self, priority: Priority, timeout_s: float) -> None:
        """Raise what `place` would."""
        front = self.in_front(priority)
        wait_s = (front + 1) * self._seconds_an_image
        # An idle model is always asked: only its answer can correct an estimate that is too high.
        if front >= self._max_images or (front and wait_s > SURE_PART * timeout_s):
            if priority is Priority.INTERACTIVE:  # bulk ones are not refused, but wait
                REFUSALS.labels("queue").inc()
            raise Overloaded(f"{front} images are in front of this one.", wait_s)

    def measured(self, seconds: float) -> None:
        """Take note of what one image took."""
        self._measured += 1  # the first ones count fully: the very first one is a cold start
        weight = max(WEIGHT, 1 / self._measured)
        self._seconds_an_image += (seconds - self._seconds_an_image) * weight
