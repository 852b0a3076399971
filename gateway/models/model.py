"""What the gateway asks of a model, wherever it runs."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Priority(IntEnum):
    """Who goes first: 1 before 2, as Triton's priority levels count."""

    INTERACTIVE = 1
    BULK = 2


@dataclass(frozen=True)
class Inference:
    """A mask, and how it came about."""

    mask: NDArray[np.uint8]
    """(1024, 1024): 255 is surely foreground."""
    device: str
    """`cpu`: in this process."""
    model_version: str
    queue_s: float
    compute_s: float


class Model(Protocol):
    """A segmentation model."""

    def check(self, *, priority: Priority, timeout_s: float) -> None:
        """Refuse what `infer` would refuse, before anything is spent on it; nothing is held.

        Raises:
            Overloaded: it would not be finished in time.
        """
        ...

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """Segment one image.

        Args:
            image: (1024, 1024, 3), sRGB, contiguous.
            priority: interactive images go before bulk ones.
            timeout_s: seconds to wait for the mask.

        Raises:
            Overloaded: it would not be finished in time; nothing was queued.
            DeadlineExceeded: it was not.
            ModelUnavailable: the model is stopping or broken.
        """
        ...

    async def ready(self) -> bool:
        """Say whether the model has answered a real inference and takes more."""
        ...

    async def close(self) -> None:
        """Finish what runs, refuse what waits."""
        ...
