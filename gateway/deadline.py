"""The point in time by which a request must be answered."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.errors import DeadlineExceeded


class Deadline:
    """A deadline on the monotonic clock.

    Args:
        timeout_s: seconds from now.
    """

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._at = time.monotonic() + timeout_s

    @property
    def left_s(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self._at - time.monotonic()

    @asynccontextmanager
    async def enforced(self) -> AsyncIterator[None]:
        """Cancel the block at the deadline.

        Raises:
            DeadlineExceeded: naming the whole timeout, also where the block raised one that knew
                only of the time left to it.
        """
        try:
            async with asyncio.timeout(self.left_s):
                yield
        except (TimeoutError, DeadlineExceeded) as error:
            raise DeadlineExceeded(self.timeout_s) from error
