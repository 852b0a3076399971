"""The interface of a model, wherever it runs."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Priority(IntEnum):
    """Lower values go first, as in Triton's priority levels."""

    INTERACTIVE = 1
    BULK = 2


@dataclass(frozen=True)
class Inference:
    """A mask, and how it was computed."""

    mask: NDArray[np.uint8]
    """(side, side): 0 is certainly background, 255 certainly foreground."""
    device: str
    """`triton-gpu`, `triton-cpu`, or `cpu` (in this process); `cache` or `none` if the model was
    not asked."""
    model_version: str
    queue_s: float
    """Seconds in the gateway's queue."""
    compute_s: float
    """Seconds of inference; through Triton, its queue is included."""
    cache_s: float | None = None
    """Seconds until the mask was found in the cache, or an equal request had computed it; None: it
    was computed for this image."""

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by stage: queue and infer, or cache."""
        if self.cache_s is not None:
            return {"cache": self.cache_s}
        return {"queue": self.queue_s, "infer": self.compute_s}


@dataclass(frozen=True)
class Health:
    """What computes the masks now, for operators."""

    device: str
    """As in `Inference`; empty while nothing does, or nothing has answered yet."""
    model_version: str
    """As in `Inference`; empty until it is known."""
    failing_s: float | None = None
    """Seconds for which Triton has not answered; None while it does, or none is used."""


@dataclass(frozen=True)
class QueueState:
    """The images that wait for a model or run on it, for operators."""

    interactive: int
    bulk: int
    wait_s: float
    """Seconds until a new interactive image would probably be finished."""


class InferenceSlot(Protocol):
    """Permission to decode one image and run the model on it."""

    async def infer(self, image: NDArray[np.uint8]) -> Inference:
        """Segment one image, when those ahead of it are done.

        Args:
            image: (side, side, 3) of the model, sRGB, contiguous.

        Raises:
            Overloaded: the model has become too slow for it.
            DeadlineExceeded: the mask was not finished in time.
            ModelUnavailable: the model is stopping or broken.
        """
        ...


class Model(Protocol):
    """A segmentation model."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Where it runs, as in `Inference.device`: the usual one, then its fallback."""
        ...

    @property
    def seconds_per_image(self) -> float | None:
        """Seconds that the newest images took each, on a busy machine; None before the first."""
        ...

    @property
    def health(self) -> Health:
        """What computes the masks now."""
        ...

    @property
    def queue(self) -> QueueState:
        """The images that wait or run."""
        ...

    def check_queue(self, *, priority: Priority, timeout_s: float) -> None:
        """Reject an image that `slot` would reject, before any work is done on it; queue nothing.

        Raises:
            Overloaded: the image would not be finished in time.
        """
        ...

    def slot(
        self, *, priority: Priority, timeout_s: float
    ) -> AbstractAsyncContextManager[InferenceSlot]:
        """Wait in the queue for one image; enter the block when it should be decoded.

        Decode it inside the block, not before: decoded images that wait would take most of the
        memory of a busy gateway.

        Args:
            priority: interactive images go before bulk ones.
            timeout_s: seconds until the mask must be finished.

        Raises:
            Overloaded: the image would not be finished in time; it was not queued.
            DeadlineExceeded: the image waited too long.
            ModelUnavailable: the model is stopping.
        """
        ...

    async def ready(self) -> bool:
        """Return whether the model has answered a real inference and accepts images."""
        ...

    async def close(self) -> None:
        """Finish the images that run, and reject those that wait."""
        ...
