"""A model that returns a constant mask at once, to measure everything but the model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray

from gateway.models.model import Health, Inference, Priority, QueueState


class ConstantModel:
    """Returns the same mask for every image.

    Args:
        mask: (1024, 1024), 0 to 255.
    """

    def __init__(self, mask: NDArray[np.uint8]) -> None:
        self.mask = mask

    devices = ("cpu",)
    seconds_per_image = None

    @property
    def health(self) -> Health:
        """See Model."""
        return Health("cpu", "stored")

    @property
    def queue(self) -> QueueState:
        """See Model."""
        return QueueState(0, 0, 0.0)

    def check_queue(self, *, priority: Priority, timeout_s: float) -> None:
        """See Model."""

    @asynccontextmanager
    async def slot(self, *, priority: Priority, timeout_s: float) -> AsyncIterator["ConstantModel"]:
        """See Model."""
        yield self

    async def infer(self, image: NDArray[np.uint8]) -> Inference:
        """See InferenceSlot."""
        return Inference(self.mask, "cpu", "stored", 0, 0)

    async def ready(self) -> bool:
        """See Model."""
        return True

    async def close(self) -> None:
        """See Model."""
