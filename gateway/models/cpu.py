"""Runs the network on the CPU in this process: without Triton, and while Triton fails."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gateway import malloc
from gateway.concurrency import WhenIdle
from gateway.errors import DeadlineExceeded, ModelUnavailable, Overloaded
from gateway.models.backend import ONE_AT_A_TIME, RETRY_AFTER_S, ConcurrencyLimits, stopping_error
from gateway.models.model import Health, Inference, Priority
from gateway.models.service_time import ServiceTime
from gateway.observability.metrics import REFUSALS
from serving.manifest import SIDE

log = logging.getLogger(__name__)

WARM_UP_TIMEOUT_S = 600.0
"""For each inference of the warm-up: ends a start that hangs, not one on a busy machine."""
WARM_UP_IMAGES = 4
STEADY_RATIO = 0.9
"""The warm-up ends when an inference takes at least this share of the time of the one before."""


class Runtime(Protocol):
    """The network loaded into this process, such as serving.cpu_runtime.CpuRuntime."""

    version: str

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Segment a (side, side, 3) image; return the (side, side) mask. Not thread-safe."""
        ...


class CpuBackend:
    """Runs one image at a time on all cores. See Backend.

    Create it inside the event loop that will use it.

    Args:
        load: loads the runtime; called in a thread, takes part of a second.
        idle_s: seconds without an image after which the runtime is unloaded to free its memory; the
            next image loads it again. None: never.
        side: height and width of the model's input, in pixels.
    """

    devices = ("cpu",)

    def __init__(
        self, load: Callable[[], Runtime], *, idle_s: float | None = None, side: int = SIDE
    ) -> None:
        self.service_time = ServiceTime()
        self.limits: ConcurrencyLimits | None = ONE_AT_A_TIME
        self._load, self._side = load, side
        self._idle = WhenIdle(idle_s, self._unload_if_idle)
        self._runtime: Runtime | None = None
        self._version = ""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "cpu-model")
        self._pending = 0
        self._closed = False

    @property
    def health(self) -> Health:
        """See Backend."""
        return Health("cpu", self._version)

    async def warm_up(self, images: int = WARM_UP_IMAGES) -> None:
        """Load the runtime, and run images until they no longer become faster.

        Args:
            images: the most images to run.

        Raises:
            Exception: any that loading the runtime raises.
        """
        self._runtime = await self._loop.run_in_executor(self._thread, self._load)
        previous_s = 0.0
        for _ in range(images):
            image = np.zeros((self._side, self._side, 3), np.uint8)
            done = await self.infer(
                image, priority=Priority.INTERACTIVE, timeout_s=WARM_UP_TIMEOUT_S
            )
            if done.compute_s > STEADY_RATIO * previous_s > 0:
                break
            previous_s = done.compute_s

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """See Backend."""
        self._check(timeout_s)
        self._pending += 1
        self._idle.stop()
        queued_at = time.perf_counter()
        answer = asyncio.wrap_future(self._thread.submit(self._run, image))
        try:
            await asyncio.wait([answer], timeout=timeout_s)
        finally:
            self._pending -= 1
            answer.cancel()  # a waiting image never runs; a running one cannot be stopped
        if answer.cancelled():
            raise stopping_error() if self._closed else DeadlineExceeded(timeout_s)
        mask, version, compute_s = answer.result()
        queue_s = max(0.0, time.perf_counter() - queued_at - compute_s)
        return Inference(mask, "cpu", version, queue_s, compute_s)

    async def ready(self) -> bool:
        """See Backend. A runtime that is not loaded counts as ready: the next image loads it."""
        return not self._closed

    async def close(self) -> None:
        """See Backend."""
        self._closed = True
        self._idle.stop()
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    def _check(self, timeout_s: float) -> None:
        """Reject an image that would be late: a backend that fails may pass on many at once."""
        if self._closed:
            raise stopping_error()
        wait_s = (self._pending + 1) * self.service_time.estimate_s
        if self._pending and wait_s > timeout_s:
            REFUSALS.labels("queue").inc()
            raise Overloaded(f"{self._pending} images are ahead of this one in the queue.", wait_s)

    def _run(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], str, float]:
        """Run in the thread; return the mask, the model's version, and the seconds of inference.

        Its time is recorded and the idle timer restarted also when the caller has given up.
        """
        runtime = self._runtime = self._runtime or self._reload()
        self._version = runtime.version
        started = time.perf_counter()
        try:
            mask = runtime.infer(image)
            compute_s = time.perf_counter() - started
            self._loop.call_soon_threadsafe(self.service_time.record, compute_s)
        finally:
            self._loop.call_soon_threadsafe(self._idle.restart)
        return mask, runtime.version, compute_s

    def _reload(self) -> Runtime:
        started = time.perf_counter()
        try:
            runtime = self._load()
        except ModelUnavailable as error:
            log.error("cannot load the CPU model: %s", error)
            raise
        except Exception as error:
            log.exception("cannot load the CPU model")
            raise ModelUnavailable("The model cannot be loaded.", RETRY_AFTER_S) from error
        log.info("loaded the CPU model again in %.1f s", time.perf_counter() - started)
        return runtime

    def _unload_if_idle(self) -> None:
        if not self._pending and not self._closed:
            self._thread.submit(self._unload)

    def _unload(self) -> None:
        self._runtime = None
        malloc.release_freed_memory()
        log.info(
            "the CPU model was idle for %g s: unloaded it to free its memory", self._idle.idle_s
        )
