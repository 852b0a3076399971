"""Where jobs come in, and what their owners may see and do."""

import asyncio
import contextlib
import re
import secrets
import string
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cachetools import TTLCache

from gateway.accounts.gate import Visit
from gateway.bulk import archive, fields
from gateway.bulk.draft import Draft
from gateway.bulk.engine import Engine
from gateway.bulk.job import Job, Status
from gateway.bulk.job_store import JobStore
from gateway.bulk.storage import Storage
from gateway.errors import InProgress, NoJob, NoResult, RateLimited
from gateway.outages import OUTAGES, told
from gateway.places import Places
from gateway.removal import Remover
from gateway.settings import Settings
from gateway.together import beside
from gateway.webhooks.webhooks import Webhooks

ALPHABET = string.ascii_lowercase + string.digits
ID_LENGTH = 20
ID = re.compile(rf"job_[a-z0-9]{{{ID_LENGTH}}}")
HOLD_EVERY_S, GLANCE_S = 20.0, 0.4
WATCHERS, WATCHER_WAIT_S = 500, 0.5
RETRY_AFTER_S, TOO_MANY_RETRY_AFTER_S = 5, 30


@dataclass(frozen=True)
class Cutout:
    """A result of a job."""

    path: str
    """In the storage."""
    name: str
    """For a file of it."""
    media_type: str
    size_bytes: int
    link: str | None
    """Where callers are sent to get it; None: it is sent from here."""


class Intake:
    """Takes jobs in.

    Args:
        jobs: remember them.
        storage: keeps their images.
        engine: has them done.
        remover: knows what an image is.
        webhooks: tell of jobs' ends.
        settings: how many, and how long they are kept.
    """

    def __init__(
        self,
        jobs: JobStore,
        storage: Storage,
        engine: Engine,
        remover: Remover,
        webhooks: Webhooks,
        settings: Settings,
    ) -> None:
        self.jobs, self.storage, self.webhooks = jobs, storage, webhooks
        self.engine, self.remover, self._settings = engine, remover, settings
        self._watchers = Places(WATCHERS, "callers watch jobs")
        self._glances: TTLCache[tuple[str, int], asyncio.Task[Job]] = TTLCache(WATCHERS, GLANCE_S)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let those who watch a job go."""
        self._stopping.set()

    async def stops_within(self, seconds: float) -> bool:
        """Wait so long; gives at once whether the service stops."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()

    @asynccontextmanager
    async def receiving(self, visit: Visit, idempotency_key: str = "") -> AsyncIterator[Draft]:
        """A job that is being sent: unless it is accepted in the block, nothing of it is kept.

        Args:
            visit: whose it is.
            idempotency_key: the caller's; sent again with the same, it makes no second job.

        Raises:
            BadOption: the idempotency key cannot be one.
            InProgress: the job with this key is still arriving.
            RateLimited: too many of the account's have not ended.
            JobsUnavailable: the database or the storage does not answer.
        """
        key = fields.idempotency_key(idempotency_key)
        async with told():
            draft = await self._begun(visit, key)
            try:
                async with beside(self._hold(draft)):
                    yield draft
            finally:
                if not draft.accepted and not draft.is_replayed:
                    with contextlib.suppress(*OUTAGES):  # then it is swept
                        await asyncio.to_thread(self.jobs.give_up, draft.id)
                        await self.storage.delete(draft.id)
                        await asyncio.to_thread(self.jobs.forget, draft.id)

    async def _hold(self, draft: Draft) -> None:
        """Say now and then that it is still being received."""
        while not draft.is_replayed:
            await asyncio.sleep(HOLD_EVERY_S)
            with contextlib.suppress(*OUTAGES):
                await asyncio.to_thread(self.jobs.hold, draft.id)

    async def _begun(self, visit: Visit, key: str) -> Draft:
        account_id = visit.key.account_id
        job_id = "job_" + "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))
        earlier = await asyncio.to_thread(self.jobs.with_key, account_id, key) if key else None
        if earlier is None:
            await self._check_open(account_id)
            begin = asyncio.to_thread(
                self.jobs.begin,
                job_id,
                account_id=account_id,
                key_id=visit.key.id,
                idempotency_key=key,
            )
            if await begin:
                return Draft(job_id, self, self._settings.bulk_ttl_h, is_keyed=bool(key))
        if earlier is None or earlier.status is Status.RECEIVING:
            raise InProgress("The request with this Idempotency-Key is arriving.", RETRY_AFTER_S)
        return Draft(job_id, self, self._settings.bulk_ttl_h, is_keyed=True, earlier=earlier)

    async def _check_open(self, account_id: int) -> None:
        most = self._settings.bulk_jobs_per_account
        if most and await asyncio.to_thread(self.jobs.open, account_id) >= most:
            raise RateLimited(
                f"{most} jobs of your account have not ended yet: wait for one of them.",
                TOO_MANY_RETRY_AFTER_S,
            )

    def webhook_url(self, text: str) -> str | None:
        """Where a caller wants to be told of a job's end; None: nowhere.

        Raises:
            BadOption: it is no URL, or webhooks are off.
        """
        return fields.webhook_url(text, are_on=self._settings.webhooks == "on")

    async def find(self, job_id: str, visit: Visit) -> Job:
        """A job of the caller's account.

        Raises:
            NoJob: there is none that it may see.
            JobsUnavailable: the database does not answer.
        """
        job = None
        if ID.fullmatch(job_id):
            async with told():
                job = await asyncio.to_thread(self.jobs.find, job_id, visit.key.account_id)
        if job is None:
            raise NoJob
        return job

    def watching(self, visit: Visit) -> AbstractAsyncContextManager[None]:
        """A place for one who watches a job, inside the block.

        Raises:
            Overloaded: too many do already.
        """
        return self._watchers.place(visit.key.account_id, WATCHER_WAIT_S)

    async def glance(self, job_id: str, visit: Visit) -> Job:
        """The same, as it was at most `GLANCE_S` ago: many may ask at once.

        Raises:
            NoJob, JobsUnavailable: as `find` does.
        """
        key = (job_id, visit.key.account_id)
        if key not in self._glances:
            self._glances[key] = asyncio.create_task(self.find(job_id, visit))
        return await asyncio.shield(self._glances[key])

    async def newest(self, visit: Visit, *, before: datetime | None, limit: int) -> list[Job]:
        """Jobs of the caller's account; see `JobStore.newest`.

        Raises:
            JobsUnavailable: the database does not answer.
        """
        async with told():
            return await asyncio.to_thread(
                self.jobs.newest, visit.key.account_id, before=before, limit=limit
            )

    async def result(self, job_id: str, number: int, visit: Visit) -> Cutout:
        """One result of a job.

        Raises:
            NoJob, JobsUnavailable: as `find` does.
            NoResult: there is none, none yet, or none any more.
        """
        job = await self.find(job_id, visit)
        path = f"{job.id}/out/{number}"
        said = _said(job, number)
        redirects = self._settings.bulk_results == "redirect"
        return Cutout(
            path,
            name=archive.names(job)[number],
            media_type=said["media_type"],
            size_bytes=said["size_bytes"],
            link=await self.storage.link(path) if redirects else None,
        )

    async def opened(self, path: str) -> AsyncIterator[bytes]:
        """A blob of a job, in pieces.

        Raises:
            NoResult: it is gone.
            JobsUnavailable: the storage does not answer.
        """
        async with told():
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
        async with told():
            await asyncio.to_thread(self.jobs.cancel, job.id)
        return await self.find(job_id, visit)

    async def drop(self, job_id: str, visit: Visit) -> None:
        """End a job, and forget it and its images.

        Raises:
            NoJob, JobsUnavailable: as `find` does.
        """
        job = await self.find(job_id, visit)
        async with told():
            await asyncio.to_thread(self.jobs.drop, job.id)


def _said(job: Job, number: int) -> dict[str, Any]:
    if job.status is Status.EXPIRED:
        raise NoResult("The job has expired: its results are gone.")
    if not 0 <= number < len(job.items):
        raise NoResult(f"This job has the images 0 to {len(job.items) - 1}.")
    item = job.items[number]
    if item.result is None:
        raise NoResult(f"This image has no result: it is {item.status.value}.")
    return item.result
