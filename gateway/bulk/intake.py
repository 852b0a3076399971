"""Jobs on their way in, and what their owners may see and do."""

import asyncio
import contextlib
import re
import secrets
import string
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from gateway.accounts.gate import Visit
from gateway.bulk.engine import Engine
from gateway.bulk.job import MAX_IMAGES, Job
from gateway.bulk.job_store import JobStore
from gateway.bulk.patience import OUTAGES
from gateway.bulk.storage import Storage
from gateway.errors import BadRequest, GatewayError, JobsUnavailable, NoJob, NoResult
from gateway.removal import Remover

ALPHABET = string.ascii_lowercase + string.digits
ID_LENGTH = 20
ID = re.compile(rf"job_[a-z0-9]{{{ID_LENGTH}}}")
RETRY_AFTER_S, ENQUEUE_TIMEOUT_S = 5, 5.0


class Intake:
    """Takes jobs in.

    Args:
        jobs: remember them.
        storage: keeps their images.
        engine: has them done.
        remover: knows what an image is.
        lives: how long a job and its results are kept.
    """

    def __init__(
        self,
        jobs: JobStore,
        storage: Storage,
        engine: Engine,
        remover: Remover,
        lives: timedelta,
    ) -> None:
        self.jobs, self.storage = jobs, storage
        self.engine, self.remover, self._lives = engine, remover, lives

    @asynccontextmanager
    async def receiving(self, visit: Visit) -> AsyncIterator["Draft"]:
        """A job that is being sent: unless it is accepted in the block, nothing of it is kept.

        Raises:
            JobsUnavailable: the database or the storage does not answer.
        """
        job_id = "job_" + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
        draft = Draft(job_id, self)
        async with _outages():
            await asyncio.to_thread(
                self.jobs.begin,
                job_id,
                account_id=visit.key.account_id,
                key_id=visit.key.id,
                lives=self._lives,
            )
            try:
                yield draft
            finally:
                if not draft.accepted:
                    with contextlib.suppress(*OUTAGES):  # then it goes when it expires
                        await self.storage.delete(job_id)
                        await asyncio.to_thread(self.jobs.delete, job_id)

    async def find(self, job_id: str, visit: Visit) -> Job:
        """A job of the caller's account.

        Raises:
            NoJob: there is none that it may see.
            JobsUnavailable: the database does not answer.
        """
        job = None
        if ID.fullmatch(job_id):
            async with _outages():
                job = await asyncio.to_thread(self.jobs.find, job_id, visit.key.account_id)
        if job is None:
            raise NoJob
        return job

    async def newest(self, visit: Visit, *, before: datetime | None, limit: int) -> list[Job]:
        """Jobs of the caller's account; see `JobStore.newest`.

        Raises:
            JobsUnavailable: the database does not answer.
        """
        async with _outages():
            return await asyncio.to_thread(
                self.jobs.newest, visit.key.account_id, before=before, limit=limit
            )

    async def opened(self, path: str) -> AsyncIterator[bytes]:
        """A blob of a job, in pieces.

        Raises:
            NoResult: it is gone.
            JobsUnavailable: the storage does not answer.
        """
        async with _outages():
            try:
                return await self.storage.open(path)
            except FileNotFoundError as error:
                raise NoResult("The result is no longer there.") from error

    async def cancel(self, job_id: str, visit: Visit) -> Job:
        """Begin no further image of a job.

        Raises:
            NoJob, JobsUnavailable: as `find` does.
        """
        job = await self.find(job_id, visit)
        async with _outages():
            await asyncio.to_thread(self.jobs.cancel, job.id)
        return await self.find(job_id, visit)

    async def drop(self, job_id: str, visit: Visit) -> None:
        """End a job, and forget it and its images.

        Raises:
            NoJob, JobsUnavailable: as `find` does.
        """
        job = await self.find(job_id, visit)
        async with _outages():
            await asyncio.to_thread(self.jobs.drop, job.id)


class Draft:
    """A job that is being received."""

    def __init__(self, job_id: str, intake: Intake) -> None:
        self._id, self._intake = job_id, intake
        self._names: list[str] = []
        self.has_backdrop = False
        self.accepted = False

    async def add(self, name: str, data: bytes) -> None:
        """Keep an image.

        Raises:
            BadRequest: there are too many.
            BadImage, TooManyPixels, ImageTooLarge: it is none that can be done.
        """
        if len(self._names) == MAX_IMAGES:
            raise BadRequest(f"Send at most {MAX_IMAGES} images in one job.")
        number = len(self._names)
        await self._check(f"Image {number + 1} ({name[:80]!r})", data)
        await self._intake.storage.put(f"{self._id}/in/{number}", data)
        self._names.append(name)

    async def add_backdrop(self, data: bytes) -> None:
        """Keep the picture to lay behind all of them.

        Raises:
            BadRequest: there is one already.
            BadImage, TooManyPixels, ImageTooLarge: as for `add`.
        """
        if self.has_backdrop:
            raise BadRequest("Send only one bg_image.")
        await self._check("The background", data)
        await self._intake.storage.put(f"{self._id}/in/backdrop", data)
        self.has_backdrop = True

    async def accept(
        self, options: dict[str, str], metadata: dict[str, Any], custom_ids: Sequence[str]
    ) -> Job:
        """Make it a job that will be done whatever happens.

        Args:
            options: checked already.
            metadata: the caller's own.
            custom_ids: of the images, in their order; there may be fewer.

        Raises:
            BadRequest: there is no image, or there are more ids than images.
        """
        if not self._names:
            raise BadRequest(
                "Send 1 to 50 images in fields named `images` (with curl: -F images=@a.jpg "
                "-F images=@b.jpg)."
            )
        if len(custom_ids) > len(self._names):
            raise BadRequest("There are more fields `custom_id` than images.")
        ids = [*custom_ids, *[""] * (len(self._names) - len(custom_ids))]
        accepting = asyncio.to_thread(
            self._intake.jobs.accept,
            self._id,
            options=options,
            metadata=metadata,
            has_backdrop=self.has_backdrop,
            names=list(zip(self._names, ids, strict=True)),
        )
        self.accepted = True  # from here on: nothing can tell whether it has been written yet
        job = await asyncio.shield(accepting)
        with contextlib.suppress(*OUTAGES):  # the sweeper enqueues what was accepted
            async with asyncio.timeout(ENQUEUE_TIMEOUT_S):
                await self._intake.engine.enqueue(job.id, job.account_id)
        return job

    async def _check(self, what: str, data: bytes) -> None:
        try:
            await self._intake.remover.check(data)
        except GatewayError as error:
            error.args = (f"{what}: {error}",)
            raise


@asynccontextmanager
async def _outages() -> AsyncIterator[None]:
    """What the stores raise while they do not answer, as an error of ours."""
    try:
        yield
    except OUTAGES as error:
        raise JobsUnavailable("Jobs cannot be kept or read now.", RETRY_AFTER_S) from error
