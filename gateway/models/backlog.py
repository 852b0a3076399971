"""How much work a model has, and how long it takes: what would not be done in time is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import Overloaded

WEIGHT = 0.1
"""Of the newest measurement: a moving average over about ten images."""


class Backlog:
    """Counts the images that wait or run, and estimates the seconds that each adds."""

    def __init__(self, max_images: int) -> None:
        self._max_images = max_images
        self.images = 0
        self._seconds_an_image = 0.0
        self._measured = 0

    @contextmanager
    def place(self, timeout_s: float) -> Iterator[None]:
        """Hold a place for one image. A caller that gives up leaves at once and frees its place.

        Raises:
            Overloaded: at once, when the queue is full or would take longer than `timeout_s`.
        """
        wait_s = (self.images + 1) * self._seconds_an_image
        # An idle model is always asked: only its answer can correct an estimate that is too high.
        if self.images >= self._max_images or (self.images and wait_s > timeout_s):
            raise Overloaded(f"{self.images} images are in front of this one.", wait_s)
        self.images += 1
        try:
            yield
        finally:
            self.images -= 1

    def measured(self, seconds: float) -> None:
        """Take note of what one image took."""
        self._measured += 1  # the first ones count fully: the very first one is a cold start
        weight = max(WEIGHT, 1 / self._measured)
        self._seconds_an_image += (seconds - self._seconds_an_image) * weight
