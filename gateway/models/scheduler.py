"""The queue in front of a model's backend: load shedding, priorities, and decoded images."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gateway.concurrency import loop_time
from gateway.models.backend import Backend, stopping_error
from gateway.models.fair_order import Place
from gateway.models.model import Health, Inference, Priority, QueueState
from gateway.models.shared_queue import SharedQueue
from serving.manifest import DEFAULT


@dataclass
class ScheduledSlot:
    """A slot of the scheduler. See model.InferenceSlot."""

    backend: Backend
    queue: SharedQueue
    priority: Priority
    place: Place
    deadline: float
    """On the event loop's clock."""
    queue_s: float
    """Seconds that the image has waited before it was decoded."""

    async def infer(self, image: NDArray[np.uint8]) -> Inference:
        """See model.InferenceSlot."""
        queued_at = loop_time()
        timeout_s = self.deadline - queued_at
        async with self.queue.running.acquire(self.priority, self.place, timeout_s=timeout_s):
            self.queue.order.started(self.place)
            queue_s = self.queue_s + loop_time() - queued_at
            answer = await self.backend.infer(
                image, priority=self.priority, timeout_s=self.deadline - loop_time()
            )
        return replace(answer, queue_s=queue_s + answer.queue_s)


class Scheduler:
    """A model: a backend behind a bounded queue of two priorities, which it shares with others.

    Triton and its fallback share this queue, and so do all models. So they never compute on the
    same cores at once, and an image that waits is computed by the backend that is active when its
    turn comes.

    Args:
        backend: computes the masks.
        max_queue: images that may wait, in addition to one that runs; further ones are rejected.
        name: of the model.
        queue: of all models; default: one of its own.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        max_queue: int,
        name: str = DEFAULT,
        queue: SharedQueue | None = None,
    ) -> None:
        self.backend = backend
        self._name, self._queue = name, queue or SharedQueue(max_queue)
        self._queue.backends[name] = backend
        self._closed = False

    @property
    def devices(self) -> tuple[str, ...]:
        """See Model."""
        return self.backend.devices

    @property
    def seconds_per_image(self) -> float | None:
        """See Model."""
        return self.backend.service_time.average_s or None

    @property
    def health(self) -> Health:
        """See Model."""
        return self.backend.health

    @property
    def queue(self) -> QueueState:
        """See Model."""
        return self._queue.load_shedder.state(self._name)

    def check_queue(self, *, priority: Priority, timeout_s: float) -> None:
        """See Model."""
        self._queue.load_shedder.check(self._name, priority, timeout_s)

    @asynccontextmanager
    async def slot(self, *, priority: Priority, timeout_s: float) -> AsyncIterator[ScheduledSlot]:
        """See Model."""
        if self._closed:
            raise stopping_error()
        queued_at, queue = loop_time(), self._queue
        # The average, since the estimate is deliberately low, and 0 at first.
        average_s = self.backend.service_time.average_s
        with (
            queue.load_shedder.admit(self._name, priority, timeout_s),
            queue.order.place(self._name, priority, average_s) as place,
        ):
            async with queue.decoded.acquire(priority, place, timeout_s=timeout_s):
                yield ScheduledSlot(
                    self.backend,
                    queue,
                    priority,
                    place,
                    deadline=queued_at + timeout_s,
                    queue_s=loop_time() - queued_at,
                )

    async def ready(self) -> bool:
        """See Model."""
        return not self._closed and await self.backend.ready()

    async def close(self) -> None:
        """See Model. It ends the shared queue too."""
        self._closed = True
        self._queue.close()
        await self.backend.close()
