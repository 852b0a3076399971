"""Which images are admitted to the model server, and when."""

import asyncio
import itertools

import pytest

from gateway.errors import DeadlineExceeded, ModelUnavailable
from gateway.models.model import Priority
from gateway.models.priority_semaphore import ConcurrencyLimit, PrioritySemaphore

KINDS = {"i": Priority.INTERACTIVE, "b": Priority.BULK}


class Images:
    """Images that stay with the server until `finish` is called."""

    def __init__(self, limit: ConcurrencyLimit) -> None:
        self.limit = limit
        self._semaphore = PrioritySemaphore(lambda: self.limit)
        self._numbers = itertools.count()
        self.admitted: list[str] = []
        self._done: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def send(self, *names: str) -> None:
        """Send images, `i…` for interactive and `b…` for bulk ones."""
        for name in names:
            self._done[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._one(name))
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def finish(self, name: str) -> None:
        self._done[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)

    async def _one(self, name: str) -> None:
        async with self._semaphore.acquire(
            KINDS[name[0]], (0.0, next(self._numbers)), timeout_s=60
        ):
            self.admitted.append(name)
            await self._done[name].wait()
            self.admitted.remove(name)


async def test_a_gpu_gets_all_interactive_images_and_some_bulk_images() -> None:
    images = Images(ConcurrencyLimit(bulk=2))
    await images.send("b1", "b2", "b3", "i1", "i2")
    assert sorted(images.admitted) == ["b1", "b2", "i1", "i2"]
    await images.finish("b1")
    assert sorted(images.admitted) == ["b2", "b3", "i1", "i2"]


async def test_a_cpu_gets_the_next_image_when_it_is_idle() -> None:
    images = Images(ConcurrencyLimit(bulk=1, paced=True))
    await images.send("b1", "b2", "i1")
    assert images.admitted == ["b1"]
    await images.finish("b1")
    assert images.admitted == ["i1"], "the interactive image overtakes"
    await images.send("i2")
    assert images.admitted == ["i1"]
    await images.finish("i1")
    assert images.admitted == ["i2"], "bulk waits while interactive images come"
    await images.finish("i2")
    assert images.admitted == ["b2"]


async def test_half_of_many_images_are_admitted_to_a_cpu_so_that_batches_form() -> None:
    images = Images(ConcurrencyLimit(bulk=1, paced=True))
    await images.send(*(f"i{number}" for number in range(8)))
    assert images.admitted == ["i0", "i1", "i2", "i3"]
    await images.finish("i0")
    assert images.admitted == ["i1", "i2", "i3"], "three of seven"
    await images.send("i8")
    assert images.admitted == ["i1", "i2", "i3", "i4"]


async def test_a_cancelled_image_leaves_the_queue_or_frees_its_slot() -> None:
    images = Images(ConcurrencyLimit(bulk=1, paced=True))
    await images.send("i1", "i2", "i3")
    for name in ("i2", "i1"):
        images.tasks[name].cancel()
        await asyncio.gather(images.tasks[name], return_exceptions=True)
    await asyncio.sleep(0)
    assert images.admitted[-1] == "i3"
    await images.finish("i3")
    await images.send("b1")
    assert images.admitted[-1] == "b1"


async def test_the_limit_holds_and_bulk_images_leave_room_for_interactive_ones() -> None:
    images = Images(ConcurrencyLimit(3, bulk=2))
    await images.send("b1", "b2", "b3", "i1", "i2")
    assert images.admitted == ["b1", "b2", "i1"]
    await images.finish("b1")
    assert images.admitted == ["b2", "i1", "i2"]


async def test_a_changed_limit_applies_from_the_next_image_on() -> None:
    images = Images(ConcurrencyLimit())
    await images.send("i1", "i2")
    images.limit = ConcurrencyLimit(1)
    await images.send("i3")
    await images.finish("i1")
    assert images.admitted == ["i2"]
    await images.finish("i2")
    assert images.admitted == ["i3"]


async def test_waiting_ends_at_the_timeout() -> None:
    semaphore = PrioritySemaphore(lambda: ConcurrencyLimit(1))
    async with semaphore.acquire(Priority.INTERACTIVE, (0.0, 1), timeout_s=60):
        with pytest.raises(DeadlineExceeded):
            async with semaphore.acquire(Priority.INTERACTIVE, (0.0, 2), timeout_s=0.01):
                pass
    async with semaphore.acquire(Priority.INTERACTIVE, (0.0, 3), timeout_s=0.01):
        pass


async def test_waiting_images_are_rejected_when_the_service_stops() -> None:
    semaphore = PrioritySemaphore(lambda: ConcurrencyLimit(1))

    async def wait() -> None:
        async with semaphore.acquire(Priority.INTERACTIVE, (0.0, 2), timeout_s=60):
            pass

    async with semaphore.acquire(Priority.INTERACTIVE, (0.0, 1), timeout_s=60):
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        semaphore.close(ModelUnavailable("The service is stopping.", 5))
        with pytest.raises(ModelUnavailable):
            await waiting
