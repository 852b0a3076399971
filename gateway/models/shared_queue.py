"""One queue for all models, since they share the machine's cores or its GPU."""

import math
from collections.abc import Iterable

from gateway.models.backend import Backend, ConcurrencyLimits, stopping_error
from gateway.models.fair_order import FairOrder
from gateway.models.load_shedder import LoadShedder
from gateway.models.priority_semaphore import ConcurrencyLimit, PrioritySemaphore


class SharedQueue:
    """Order, limits and load shedding of the images of several models.

    Args:
        max_queue: images of one model that may wait, in addition to one that runs.

    Attributes:
        backends: what runs each model, by its name.
    """

    def __init__(self, max_queue: int) -> None:
        self.backends: dict[str, Backend] = {}
        self.load_shedder = LoadShedder(max_queue + 1, self.seconds_per_image)
        self.order = FairOrder()
        self.decoded = PrioritySemaphore(
            lambda: _loosest(limits.decoded for limits in self._limits())
        )
        self.running = PrioritySemaphore(
            lambda: _loosest(limits.running for limits in self._limits())
        )

    def seconds_per_image(self, model: str) -> float:
        """Return what an image of a model probably takes; 0 if that is not known yet."""
        return self.backends[model].service_time.estimate_s

    def _limits(self) -> list[ConcurrencyLimits]:
        """Return the limits of those that can run now; none at all if all fail, each at once."""
        all_limits = (backend.limits for backend in self.backends.values())
        return [limits for limits in all_limits if limits] or [ConcurrencyLimits()]

    def close(self) -> None:
        """Reject all images that wait."""
        for semaphore in (self.decoded, self.running):
            semaphore.close(stopping_error())


def _loosest(limits: Iterable[ConcurrencyLimit]) -> ConcurrencyLimit:
    """Return the limit that allows most.

    On a CPU all models have the same. Where one model has fallen back to the CPU, which has a queue
    of its own, the others on a GPU must not wait for it.
    """
    return max(limits, key=lambda limit: [math.inf if n is None else n for n in _numbers(limit)])


def _numbers(limit: ConcurrencyLimit) -> tuple[int | None, int | None]:
    return limit.images, limit.bulk
