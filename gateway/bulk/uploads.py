"""How a job is received, whatever the transport: within limits of time and memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.accounts.gate import Visit
from gateway.admission import Admission
from gateway.bulk.draft import Draft
from gateway.bulk.intake import Intake
from gateway.errors import DeadlineExceeded

UPLOAD_TIMEOUT_S = 900.0
"""For all images of a job: 50 of 25 MB at 12 Mbit/s."""


class Uploads:
    """Lets jobs arrive, one image of each in memory at a time.

    Args:
        intake: takes them in.
        memory: where an image counts while it is received.
        max_image_bytes: of one.
    """

    def __init__(self, intake: Intake, memory: Admission, max_image_bytes: int) -> None:
        self._intake, self._memory = intake, memory
        self.max_image_bytes = max_image_bytes

    @asynccontextmanager
    async def receiving(self, visit: Visit, idempotency_key: str) -> AsyncIterator[Draft]:
        """A job that is being sent; see `Intake.receiving`.

        Raises:
            Overloaded: there is no memory for it.
            DeadlineExceeded: it took too long.
        """
        with self._memory.admit(2 * self.max_image_bytes):  # while it arrives, and as it is kept
            try:
                async with (
                    asyncio.timeout(UPLOAD_TIMEOUT_S),
                    self._intake.receiving(visit, idempotency_key) as draft,
                ):
                    yield draft
            except TimeoutError as error:
                raise DeadlineExceeded(UPLOAD_TIMEOUT_S) from error
