"""A small honest model: the left half is foreground. For error tables and limits."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from gateway.models.model import Inference, Priority


class HalfModel:
    """Answers at once; `fail` makes it raise, `delay_s` slow, and `level` less sure."""

    def __init__(self) -> None:
        self.fail: Exception | None = None
        self.delay_s = 0.0
        self.level = 255
        self.calls = 0

    def check(self, *, priority: Priority, timeout_s: float) -> None:
        """Never too much."""

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        assert image.shape == (1024, 1024, 3)
        assert image.flags.c_contiguous
        self.calls += 1
        await asyncio.sleep(self.delay_s)
        if self.fail:
            raise self.fail
        mask = np.zeros((1024, 1024), np.uint8)
        mask[:, :512] = self.level
        return Inference(mask, "cpu", "half-1", 0.0, 0.001)

    async def ready(self) -> bool:
        return self.fail is None

    async def close(self) -> None:
        pass
