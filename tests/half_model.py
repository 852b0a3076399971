"""A small honest model: the left half is foreground. For error tables and limits."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray

from gateway.models.backend import ConcurrencyLimits
from gateway.models.model import Health, Inference, Priority, QueueState
from gateway.models.service_time import ServiceTime
from tests.waiting import until

HELD_S = 120.0
"""Longer than any test holds an image."""


class HalfModel:
    """Answers at once; `fail` makes it raise, `delay_s` slow, and `level` less sure.

    `most` holds it: it answers that many images, and the later ones wait until `most` is raised.

    It is a model and a backend, which differ in who keeps the queue: it has none.
    """

    def __init__(self, side: int = 1024) -> None:
        self.side = side
        self.fail: Exception | None = None
        self.delay_s = 0.0
        self.most = math.inf
        self.level = 255
        self.calls = 0
        self.service_time = ServiceTime()
        self.limits: ConcurrencyLimits | None = ConcurrencyLimits()

    devices = ("cpu",)
    version = "half-1"
    seconds_per_image = None

    @property
    def health(self) -> Health:
        return Health("cpu", self.version)

    @property
    def queue(self) -> QueueState:
        return QueueState(0, 0, 0.0)

    def check_queue(self, *, priority: Priority, timeout_s: float) -> None:
        """Never too much."""

    @asynccontextmanager
    async def slot(self, *, priority: Priority, timeout_s: float) -> AsyncIterator["HalfModel"]:
        yield self

    async def infer(self, image: NDArray[np.uint8], **_: object) -> Inference:
        assert image.shape == (self.side, self.side, 3)
        assert image.flags.c_contiguous
        self.calls += 1
        number = self.calls
        await until(lambda: number <= self.most, HELD_S)
        await asyncio.sleep(self.delay_s)
        if self.fail:
            raise self.fail
        mask = np.zeros((self.side, self.side), np.uint8)
        mask[:, : self.side // 2] = self.level
        return Inference(mask, "cpu", self.version, 0.0, 0.001)

    async def ready(self) -> bool:
        return self.fail is None

    async def close(self) -> None:
        pass
