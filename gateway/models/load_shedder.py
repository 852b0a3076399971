"""Load shedding: rejects at once an image that the model would probably finish too late."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.errors import Overloaded
from gateway.models.model import Priority, QueueState
from gateway.observability.metrics import MODEL_IMAGES, REFUSALS

MAX_WAIT_SHARE = 0.7
"""Share of the time left that the estimated wait may take. With all of it, an overload would keep
the queue so long that many images miss their deadline after they were computed."""


class LoadShedder:
    """Counts the images that wait or run, and estimates how long a new one would wait.

    Models share the machine evenly (see FairOrder): an image waits for those of its own model that
    are ahead, and meanwhile each other model gets as much time, or as much as its images need.

    Args:
        max_images: images of one model that may wait or run.
        seconds_per_image: returns the current estimate of a model.
    """

    def __init__(self, max_images: int, seconds_per_image: Callable[[str], float]) -> None:
        self._max_images = max_images
        self._seconds_per_image = seconds_per_image
        self._images: Counter[tuple[str, Priority]] = Counter()

    def images_ahead(self, model: str, priority: Priority) -> int:
        """Return how many images of its own model a new one would wait for.

        An interactive image overtakes bulk images, except for one that runs already.
        """
        bulk = self._images[model, Priority.BULK]
        if priority is Priority.INTERACTIVE:
            bulk = min(bulk, 1)
        return self._images[model, Priority.INTERACTIVE] + bulk

    def state(self, model: str) -> QueueState:
        """Return how many images of a model wait or run, and how long a new one would wait."""
        return QueueState(
            self._images[model, Priority.INTERACTIVE],
            self._images[model, Priority.BULK],
            self._wait_s(model, Priority.INTERACTIVE),
        )

    @contextmanager
    def admit(self, model: str, priority: Priority, timeout_s: float) -> Iterator[None]:
        """Count one image inside the block.

        Raises:
            Overloaded: at once, if the queue is full, or the image would probably not be finished
                within `timeout_s`.
        """
        self.check(model, priority, timeout_s)
        self._images[model, priority] += 1
        try:
            with MODEL_IMAGES.labels(priority.name.lower(), model).track_inprogress():
                yield
        finally:
            self._images[model, priority] -= 1

    def check(self, model: str, priority: Priority, timeout_s: float) -> None:
        """Raise Overloaded if `admit` would, without counting anything."""
        ahead = self.images_ahead(model, priority)
        wait_s = self._wait_s(model, priority)
        # An idle model always gets the image: only its answer can correct too high an estimate.
        if ahead >= self._max_images or (ahead and wait_s > MAX_WAIT_SHARE * timeout_s):
            if priority is Priority.INTERACTIVE:  # bulk images are retried, so they do not count
                REFUSALS.labels("queue").inc()
            raise Overloaded(f"{ahead} images are ahead of this one in the queue.", wait_s)

    def _wait_s(self, model: str, priority: Priority) -> float:
        """Return the seconds until a new image would probably be finished."""

        def work_s(name: str, more: int = 0) -> float:
            return (self.images_ahead(name, priority) + more) * self._seconds_per_image(name)

        own_s = work_s(model, more=1)
        others = {name for name, _ in self._images} - {model}
        return own_s + sum(min(own_s, work_s(name)) for name in others)
