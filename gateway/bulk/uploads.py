"""How a job is received, whatever the transport: within limits of time and memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.accounts.gate import Visit
from gateway.admission import Admission
from gateway.bulk.draft import Draft
from gateway.bulk.intake import Intake
from gateway.errors import DeadlineExceeded
from gateway.places import Places
from gateway.settings import Settings

UPLOAD_TIMEOUT_S = 900.0
"""For all images of a job: 50 of 25 MB at 12 Mbit/s."""
IDLE_S = 30.0
"""How long a sender may pause."""
PLACE_WAIT_S = 2.0


class Uploads:
    """Lets jobs arrive, one image of each in memory at a time.

    Args:
        intake: takes them in.
        memory: where an image counts while it is received.
        settings: the limits.
    """

    def __init__(self, intake: Intake, memory: Admission, settings: Settings) -> None:
        self._intake, self._memory = intake, memory
        self.max_image_bytes = settings.max_image_bytes
        self._bytes = 2 * settings.max_image_bytes  # while it arrives, and as it is kept
        # Memory is left to those who wait for an answer.
        room = settings.max_upload_bytes_in_flight // (2 * self._bytes)
        self._places = Places(room, "jobs are arriving")

    @asynccontextmanager
    async def receiving(self, visit: Visit, idempotency_key: str) -> AsyncIterator[Draft]:
        """A job that is being sent; see `Intake.receiving`.

        Raises:
            Overloaded: there is no room for it.
            DeadlineExceeded: it took too long.
        """
        async with self._places.place(visit.key.account_id, PLACE_WAIT_S):
            with self._memory.admit(self._bytes):
                try:
                    async with (
                        asyncio.timeout(UPLOAD_TIMEOUT_S),
                        self._intake.receiving(visit, idempotency_key) as draft,
                    ):
                        yield draft
                except TimeoutError as error:
                    raise DeadlineExceeded(UPLOAD_TIMEOUT_S) from error
