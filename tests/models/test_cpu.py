import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.errors import DeadlineExceeded, ModelUnavailable, Overloaded
from gateway.models.cpu import CpuModel
from gateway.models.model import Inference, Priority


class Gated:
    """A runtime that runs one image each time the gate is opened, and says which."""

    version = "gated-1"

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.seen: list[int] = []

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        self.gate.acquire()
        number = int(image[0, 0, 0])
        self.seen.append(number)
        if number == 13:
            raise RuntimeError("broken")
        return np.full((1024, 1024), number, np.uint8)


@pytest.fixture
def runtime() -> Gated:
    return Gated()


@pytest.fixture
async def model(runtime: Gated) -> AsyncIterator[CpuModel]:
    model = CpuModel(runtime, max_queue=3)
    yield model
    for _ in range(20):
        runtime.gate.release()
    await model.close()


def ask(
    model: CpuModel, number: int, priority: Priority = Priority.INTERACTIVE, timeout_s: float = 30
) -> asyncio.Task[Inference]:
    image = np.full((1024, 1024, 3), number, np.uint8)
    return asyncio.create_task(model.infer(image, priority=priority, timeout_s=timeout_s))


async def test_interactive_images_go_before_bulk_ones(model: CpuModel, runtime: Gated) -> None:
    tasks = [ask(model, 1)]
    await asyncio.sleep(0.01)  # the first one runs; the others queue
    tasks += [ask(model, 2, Priority.BULK), ask(model, 3, Priority.BULK), ask(model, 4)]
    await asyncio.sleep(0.01)
    for _ in tasks:
        runtime.gate.release()
    masks = [(await task).mask[0, 0] for task in tasks]
    assert masks == [1, 2, 3, 4]
    assert runtime.seen == [1, 4, 2, 3]


async def test_a_full_queue_refuses_at_once(model: CpuModel, runtime: Gated) -> None:
    tasks = [ask(model, number) for number in range(4)]
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded) as refused:
        await ask(model, 5)
    assert refused.value.retry_after_s
    for _ in tasks:
        runtime.gate.release()
    await asyncio.gather(*tasks)
    runtime.gate.release()
    assert (await ask(model, 6)).device == "cpu"


async def test_what_would_not_be_done_in_time_is_refused_at_once(
    model: CpuModel, runtime: Gated
) -> None:
    first = ask(model, 1)
    await asyncio.sleep(0.05)
    runtime.gate.release()
    assert (await first).compute_s >= 0.05
    running = ask(model, 2)
    await asyncio.sleep(0.01)
    with pytest.raises(Overloaded):
        await ask(model, 3, timeout_s=0.01)
    runtime.gate.release()
    await running
    assert runtime.seen == [1, 2]


async def test_a_missed_deadline_frees_its_place_and_never_runs(
    model: CpuModel, runtime: Gated
) -> None:
    first = ask(model, 1)
    late = [ask(model, number, timeout_s=0.02) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    for task in late:
        with pytest.raises(DeadlineExceeded):
            await task
    last = ask(model, 5)
    runtime.gate.release()
    runtime.gate.release()
    await asyncio.gather(first, last)
    assert runtime.seen == [1, 5]


async def test_a_failed_image_does_not_stop_the_next(model: CpuModel, runtime: Gated) -> None:
    runtime.gate.release()
    with pytest.raises(RuntimeError, match="broken"):
        await ask(model, 13)
    runtime.gate.release()
    assert (await ask(model, 7)).mask[0, 0] == 7


async def test_it_is_ready_only_between_a_real_inference_and_its_end(
    model: CpuModel, runtime: Gated
) -> None:
    assert not await model.ready()
    runtime.gate.release()
    await model.warm_up()
    assert await model.ready()
    await model.close()
    assert not await model.ready()
    with pytest.raises(ModelUnavailable):
        await ask(model, 1)


async def test_closing_finishes_what_runs_and_refuses_what_waits(
    model: CpuModel, runtime: Gated
) -> None:
    running = ask(model, 1)
    await asyncio.sleep(0.01)
    waiting = ask(model, 2)
    await asyncio.sleep(0)
    closing = asyncio.create_task(model.close())
    await asyncio.sleep(0)
    runtime.gate.release()
    await closing
    assert (await running).mask[0, 0] == 1
    with pytest.raises(ModelUnavailable):
        await waiting
    assert runtime.seen == [1]
