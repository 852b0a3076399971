"""Simulated backends and callers in virtual time, around the real scheduler and failover."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.concurrency import loop_time
from gateway.errors import DeadlineExceeded, GatewayError, ModelUnavailable
from gateway.models.backend import ConcurrencyLimits
from gateway.models.model import Health, Inference, Priority
from gateway.models.priority_semaphore import ConcurrencyLimit
from gateway.models.scheduler import Scheduler
from gateway.models.service_time import ServiceTime

IMAGE = np.zeros((1, 1, 3), np.uint8)
DECODE_S, ENCODE_S = 0.03, 0.05


class Machine:
    """Cores that compute one image at a time. `seconds(at)` is how long one takes at a time."""

    def __init__(self, seconds: Callable[[float], float]) -> None:
        self.seconds = seconds
        self._cores = asyncio.Lock()

    async def run(self) -> None:
        async with self._cores:
            await asyncio.sleep(self.seconds(loop_time()))


class SimulatedBackend:
    """A backend on a machine. `state` is `up`, `down` or `hanging`."""

    def __init__(self, machine: Machine, device: str, *, paced: bool = False) -> None:
        self.service_time = ServiceTime()
        self.limits: ConcurrencyLimits | None = ConcurrencyLimits(
            decoded=ConcurrencyLimit(4, bulk=2), running=ConcurrencyLimit(1)
        )
        if paced:
            self.limits = ConcurrencyLimits(
                decoded=ConcurrencyLimit(4, bulk=2), running=ConcurrencyLimit(paced=True)
            )
        self.state = "up"
        self._machine, self._device = machine, device

    @property
    def devices(self) -> tuple[str, ...]:
        return (self._device,)

    @property
    def health(self) -> Health:
        return Health(self._device, "simulated")

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        if self.state == "down":
            raise ModelUnavailable("The model server does not answer.", 1)
        answered = False
        self.service_time.image_started()
        try:
            async with asyncio.timeout(timeout_s):
                if self.state == "hanging":
                    await asyncio.sleep(3600)
                await self._machine.run()
            answered = True
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error
        finally:
            self.service_time.image_ended(answered=answered)
        return Inference(image[..., 0], self._device, "simulated", 0, 0)

    async def ready(self) -> bool:
        return self.state == "up"

    async def close(self) -> None:
        pass


@dataclass
class Outcomes:
    """Counts requests by outcome: `answered`, or the slug of the error."""

    counts: Counter[str] = field(default_factory=Counter)
    devices: Counter[str] = field(default_factory=Counter)
    rejected_at: list[float] = field(default_factory=list)
    """Times at which requests were rejected."""
    slowest_s: float = 0.0

    async def request(self, model: Scheduler, deadline_s: float) -> None:
        """Send one request, as the gateway does."""
        started = loop_time()
        try:
            async with asyncio.timeout(deadline_s):
                async with model.slot(priority=Priority.INTERACTIVE, timeout_s=deadline_s) as slot:
                    await asyncio.sleep(DECODE_S)
                    answer = await slot.infer(IMAGE)
                await asyncio.sleep(ENCODE_S)
            self.devices[answer.device] += 1
            self.counts["answered"] += 1
            self.slowest_s = max(self.slowest_s, loop_time() - started)
        except TimeoutError:
            self.counts["deadline-exceeded"] += 1
        except GatewayError as error:
            self.counts[error.slug] += 1
            if error.slug == "overloaded":
                assert loop_time() == started, "rejections are immediate"
                self.rejected_at.append(started)


async def callers(model: Scheduler, count: int, images: int, deadline_s: float = 30) -> Outcomes:
    """Send images from concurrent callers, each of which sends its next one after an answer."""
    outcomes = Outcomes()
    remaining = iter(range(images))

    async def call() -> None:
        for _ in remaining:
            await outcomes.request(model, deadline_s)

    await asyncio.gather(*(call() for _ in range(count)))
    return outcomes


async def arrivals(
    model: Scheduler, rate_hz: float, seconds: float, deadline_s: float = 30
) -> Outcomes:
    """Send requests at a constant rate, without waiting for their answers."""
    outcomes = Outcomes()
    async with asyncio.TaskGroup() as group:
        for _ in range(round(rate_hz * seconds)):
            group.create_task(outcomes.request(model, deadline_s))
            await asyncio.sleep(1 / rate_hz)
    return outcomes
