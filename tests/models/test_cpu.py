import asyncio
import threading
import time
import weakref
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.errors import DeadlineExceeded, ModelUnavailable, Overloaded
from gateway.models.cpu import CpuBackend
from gateway.models.model import Inference, Priority
from gateway.models.scheduler import Scheduler
from gateway.models.service_time import TRUSTED_BATCHES
from tests.waiting import until


class GatedRuntime:
    """A runtime that runs one image each time the gate is opened, and records their numbers."""

    version = "gated-1"

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.started = 0
        self.seen: list[int] = []

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self.started += 1
        self.gate.acquire()
        number = int(image[0, 0, 0])
        self.seen.append(number)
        if number == 13:
            raise RuntimeError("broken")
        return np.full((1024, 1024), number, np.uint8)


@pytest.fixture
def runtime() -> GatedRuntime:
    return GatedRuntime()


@pytest.fixture
async def model(runtime: GatedRuntime) -> AsyncIterator[Scheduler]:
    model = Scheduler(CpuBackend(lambda: runtime), max_queue=3)
    yield model
    for _ in range(20):
        runtime.gate.release()
    await model.close()


def infer(
    model: Scheduler, number: int, priority: Priority = Priority.INTERACTIVE, timeout_s: float = 30
) -> asyncio.Task[Inference]:
    async def run() -> Inference:
        async with model.slot(priority=priority, timeout_s=timeout_s) as slot:
            return await slot.infer(np.full((1024, 1024, 3), number, np.uint8))

    return asyncio.create_task(run())


async def until_queued() -> None:
    """Run the event loop until the new tasks have entered the queue."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_interactive_images_go_before_bulk_images(
    model: Scheduler, runtime: GatedRuntime
) -> None:
    tasks = [infer(model, 1)]
    await until(lambda: runtime.started == 1)
    tasks += [infer(model, 2, Priority.BULK), infer(model, 3, Priority.BULK), infer(model, 4)]
    await until_queued()
    for _ in tasks:
        runtime.gate.release()
    masks = [(await task).mask[0, 0] for task in tasks]
    assert masks == [1, 2, 3, 4]
    assert runtime.seen == [1, 4, 2, 3]


async def test_a_full_queue_rejects_at_once(model: Scheduler, runtime: GatedRuntime) -> None:
    tasks = [infer(model, number) for number in range(4)]
    await until_queued()
    with pytest.raises(Overloaded) as rejected:
        await infer(model, 5)
    assert rejected.value.retry_after_s
    for _ in tasks:
        runtime.gate.release()
    await asyncio.gather(*tasks)
    runtime.gate.release()
    assert (await infer(model, 6)).device == "cpu"


async def test_an_image_that_would_be_late_is_rejected_at_once(
    model: Scheduler, runtime: GatedRuntime
) -> None:
    for _ in range(TRUSTED_BATCHES):
        model.backend.service_time.record(2.0)
    running = infer(model, 1)
    await until_queued()
    with pytest.raises(Overloaded):
        await infer(model, 2, timeout_s=4)
    runtime.gate.release()
    await running
    assert runtime.seen == [1]


async def test_an_inference_that_ends_too_late_still_counts_for_the_service_time(
    model: Scheduler, runtime: GatedRuntime
) -> None:
    while not runtime.started:  # on a busy machine it may not start in time, and then never runs
        with pytest.raises(DeadlineExceeded):
            await infer(model, 1, timeout_s=0.02)
    assert model.backend.service_time.average_s == 0
    runtime.gate.release()
    await until(lambda: model.backend.service_time.average_s > 0)


async def test_an_image_that_misses_its_deadline_frees_its_slot_and_never_runs(
    model: Scheduler, runtime: GatedRuntime
) -> None:
    first = infer(model, 1)
    late = [infer(model, number, timeout_s=0.02) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    for task in late:
        with pytest.raises(DeadlineExceeded):
            await task
    last = infer(model, 5)
    runtime.gate.release()
    runtime.gate.release()
    await asyncio.gather(first, last)
    assert runtime.seen == [1, 5]


async def test_a_failed_image_does_not_stop_the_next(
    model: Scheduler, runtime: GatedRuntime
) -> None:
    runtime.gate.release()
    with pytest.raises(RuntimeError, match="broken"):
        await infer(model, 13)
    runtime.gate.release()
    assert (await infer(model, 7)).mask[0, 0] == 7


async def test_the_warm_up_runs_until_it_gets_no_faster_and_records_the_service_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spent_s = iter([0.5, 0.2, 0.19, 0.1])
    now_s = 0.0

    class WarmingRuntime(GatedRuntime):
        def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
            nonlocal now_s
            now_s += next(spent_s)
            return image[..., 0]

    monkeypatch.setattr(time, "perf_counter", lambda: now_s)
    backend = CpuBackend(WarmingRuntime)
    await backend.warm_up()
    assert next(spent_s) == 0.1, "three images were run"
    assert 0 < backend.service_time.estimate_s < 0.2
    await backend.close()


async def test_an_idle_runtime_is_unloaded_and_loaded_again() -> None:
    loaded: list[weakref.ref[GatedRuntime]] = []

    def load() -> GatedRuntime:
        loaded.append(weakref.ref(runtime := GatedRuntime()))
        runtime.gate.release(2)
        return runtime

    model = Scheduler(CpuBackend(load, idle_s=0.05), max_queue=4)
    await asyncio.gather(infer(model, 1), infer(model, 2))
    assert len(loaded) == 1
    await until(lambda: loaded[0]() is None)
    assert (await infer(model, 3)).mask[0, 0] == 3
    assert len(loaded) == 2
    await model.close()


async def test_a_runtime_whose_caller_gave_up_is_unloaded_too() -> None:
    loaded: list[weakref.ref[GatedRuntime]] = []

    def load() -> GatedRuntime:
        loaded.append(weakref.ref(runtime := GatedRuntime()))
        runtime.gate = gate
        return runtime

    gate = threading.Semaphore(0)
    model = Scheduler(CpuBackend(load, idle_s=0.05), max_queue=4)
    while not loaded:  # on a busy machine it may not start in time, and then never loads
        with pytest.raises(DeadlineExceeded):
            await infer(model, 1, timeout_s=0.02)
    gate.release()
    await until(lambda: loaded[0]() is None)
    await model.close()


async def test_a_runtime_that_cannot_be_loaded_makes_the_model_unavailable() -> None:
    def load() -> GatedRuntime:
        raise RuntimeError("the file is gone")

    model = Scheduler(CpuBackend(load), max_queue=4)
    with pytest.raises(ModelUnavailable):
        await infer(model, 1)
    await model.close()


async def test_a_closed_model_rejects_everything(model: Scheduler) -> None:
    assert await model.ready()
    await model.close()
    assert not await model.ready()
    with pytest.raises(ModelUnavailable):
        await infer(model, 1)


async def test_closing_finishes_the_running_image_and_rejects_the_waiting_one(
    model: Scheduler, runtime: GatedRuntime
) -> None:
    running = infer(model, 1)
    await until(lambda: runtime.started == 1)
    waiting = infer(model, 2)
    await asyncio.sleep(0)
    closing = asyncio.create_task(model.close())
    await asyncio.sleep(0)
    runtime.gate.release()
    await closing
    assert (await running).mask[0, 0] == 1
    with pytest.raises(ModelUnavailable):
        await waiting
    assert runtime.seen == [1]
