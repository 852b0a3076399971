"""The model in this process, on the CPU: the fallback when there is no Triton."""

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.errors import DeadlineExceeded, ModelUnavailable
from gateway.models.backlog import Backlog
from gateway.models.model import Inference, Priority
from serving.cpu_runtime import SIDE


class Runtime(Protocol):
    """What CpuModel runs; serving.cpu_runtime.CpuRuntime is one."""

    version: str

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Segment one (1024, 1024, 3) image to a (1024, 1024) mask. One call at a time."""
        ...


@dataclass(order=True)
class _Job:
    priority: Priority
    number: int
    """Makes equal priorities first come, first served."""
    image: NDArray[np.uint8] = field(compare=False)
    answer: asyncio.Future[Inference] = field(compare=False)
    asked_at: float = field(compare=False, default_factory=time.perf_counter)


class CpuModel:
    """Runs one image at a time on all cores, behind a bounded queue of two priorities.

    Build it inside the event loop that will use it.
    """

    def __init__(self, runtime: Runtime, *, max_queue: int) -> None:
        self._runtime = runtime
        self._backlog = Backlog(max_queue + 1)  # one more runs
        self._numbers = itertools.count()
        self._queue: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue()
        self._ready = self._closed = False
        self._thread = ThreadPoolExecutor(1, "cpu-model")
        self._running: asyncio.Task[None] | None = None
        self._worker = asyncio.create_task(self._work())

    async def warm_up(self) -> None:
        """Run one real inference, so that the model is known to work and its speed is known."""
        image = np.zeros((SIDE, SIDE, 3), np.uint8)
        await self.infer(image, priority=Priority.INTERACTIVE, timeout_s=60)
        self._ready = True

    def check(self, *, priority: Priority, timeout_s: float) -> None:
        """See Model."""
        self._backlog.check(priority, timeout_s)

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """See Model."""
        if self._closed:
            raise self._stopping()
        job = _Job(priority, next(self._numbers), image, asyncio.get_running_loop().create_future())
        with self._backlog.place(priority, timeout_s):
            self._queue.put_nowait(job)
            try:
                async with asyncio.timeout(timeout_s):
                    return await job.answer
            except TimeoutError as error:
                raise DeadlineExceeded(timeout_s) from error
            finally:
                job.answer.cancel()

    async def ready(self) -> bool:
        """See Model."""
        return self._ready and not self._closed and not self._worker.done()

    async def close(self) -> None:
        """See Model."""
        self._closed = True
        self._worker.cancel()
        while not self._queue.empty():
            answer = self._queue.get_nowait().answer
            if not answer.done():
                answer.set_exception(self._stopping())
        if self._running:
            await self._running
        self._thread.shutdown()

    @staticmethod
    def _stopping() -> ModelUnavailable:
        return ModelUnavailable("The service is stopping.", wait_s=5)

    async def _work(self) -> None:
        while True:
            job = await self._queue.get()
            if not job.answer.done():
                self._running = asyncio.create_task(self._run(job))
                await asyncio.shield(self._running)  # close() stops this loop, not the image

    async def _run(self, job: _Job) -> None:
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        try:
            mask = await loop.run_in_executor(self._thread, self._runtime.infer, job.image)
        except Exception as error:
            if not job.answer.done():
                job.answer.set_exception(error)
            return
        compute_s = time.perf_counter() - started
        self._backlog.measured(compute_s)
        if not job.answer.done():
            job.answer.set_result(
                Inference(mask, "cpu", self._runtime.version, started - job.asked_at, compute_s)
            )
