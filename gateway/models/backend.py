"""What runs the network: Triton, the CPU in this process, or one in place of the other."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gateway.errors import ModelUnavailable
from gateway.models.model import Health, Inference, Priority
from gateway.models.priority_semaphore import ConcurrencyLimit
from gateway.models.service_time import ServiceTime

RETRY_AFTER_S = 5
"""Seconds until another replica, or this one after a restart, can take the request."""


@dataclass(frozen=True)
class ConcurrencyLimits:
    """How many images a backend is given at once."""

    running: ConcurrencyLimit = ConcurrencyLimit()
    """Images that it computes or has in a queue of its own."""
    decoded: ConcurrencyLimit = ConcurrencyLimit()
    """Images that are decoded or about to be: the running ones, and enough more to keep the backend
    busy. Further ones would only hold memory."""


ONE_AT_A_TIME = ConcurrencyLimits(running=ConcurrencyLimit(1), decoded=ConcurrencyLimit(4, bulk=2))
"""For cores that one image keeps busy."""


class Backend(Protocol):
    """Runs the network on one image at a time, or on several at once."""

    @property
    def devices(self) -> tuple[str, ...]:
        """See Model."""
        ...

    @property
    def service_time(self) -> ServiceTime:
        """How long it takes per image."""
        ...

    @property
    def health(self) -> Health:
        """See Model."""
        ...

    @property
    def limits(self) -> ConcurrencyLimits | None:
        """How many images to give it at once; None while that is unknown or it can run none."""
        ...

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        """Segment one image.

        Args:
            image: (side, side, 3) of the model, sRGB, contiguous.
            priority: for backends that have a queue of their own.
            timeout_s: seconds to wait for the mask.

        Raises:
            Overloaded: the image would not be finished in time; it was not queued.
            DeadlineExceeded: the image was not finished in time.
            ModelUnavailable: the backend is stopping or broken.
        """
        ...

    async def ready(self) -> bool:
        """Return whether it can answer."""
        ...

    async def close(self) -> None:
        """Finish the images that run, and reject those that wait."""
        ...


def stopping_error() -> ModelUnavailable:
    """Return the error for requests that arrive or wait while the service shuts down."""
    return ModelUnavailable("The service is stopping.", RETRY_AFTER_S)
