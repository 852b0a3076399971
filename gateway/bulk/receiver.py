"""Receives new jobs from every transport, within limits of time, memory and open jobs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.accounts.caller import Caller
from gateway.bulk import fields
from gateway.bulk.draft import Draft
from gateway.bulk.draft_store import DraftStore
from gateway.bulk.job import Job, JobStatus, new_job_id
from gateway.bulk.job_queue import JobQueue
from gateway.bulk.storage import Storage
from gateway.concurrency import running_in_background
from gateway.errors import DeadlineExceeded, InProgress, RateLimited
from gateway.limits.receive_slots import ReceiveSlots
from gateway.requests.handler import RequestHandler
from gateway.settings import Settings
from gateway.store_outages import OUTAGES, as_jobs_unavailable

UPLOAD_TIMEOUT_S = 900.0
"""For all images of a job: 50 of 25 MB at 12 Mbit/s."""
SLOT_WAIT_S = 2.0
RENEW_LEASE_EVERY_S = 20.0
RETRY_AFTER_S, TOO_MANY_JOBS_RETRY_AFTER_S = 5, 30


class JobReceiver:
    """Opens drafts, each with one image in memory at a time.

    One instance serves all transports, since its limits count the drafts of all.

    Args:
        drafts: the database.
        storage: stores the images.
        queue: gets the accepted jobs.
        handler: checks images, and counts the memory of uploads.
        settings: the limits.
    """

    def __init__(
        self,
        drafts: DraftStore,
        storage: Storage,
        queue: JobQueue,
        handler: RequestHandler,
        settings: Settings,
    ) -> None:
        self._drafts, self.storage, self.queue = drafts, storage, queue
        self._remover, self._memory, self._settings = handler.remover, handler.memory, settings
        self.max_image_bytes = settings.max_image_bytes
        self._draft_bytes = 2 * settings.max_image_bytes  # one arrives, one is being stored
        # Drafts take at most half of the memory, so that interactive requests always have room.
        slots = settings.max_upload_bytes_in_flight // (2 * self._draft_bytes)
        self._slots = ReceiveSlots(slots, "jobs are arriving")

    @asynccontextmanager
    async def receive(self, caller: Caller, idempotency_key: str = "") -> AsyncIterator[Draft]:
        """Open a draft for the block; unless the block accepts it, delete all that it stored.

        Args:
            caller: the job's owner.
            idempotency_key: as sent; a repeated key gives a draft of the job it created.

        Raises:
            BadOption: the idempotency key is invalid.
            InProgress: a request with the same key is still arriving.
            QuotaExceeded: the key's images of this month are used up.
            RateLimited: too many of the account's jobs have not ended.
            Overloaded: too many jobs are arriving.
            DeadlineExceeded: the block took longer than `UPLOAD_TIMEOUT_S`.
            JobsUnavailable: the database or the storage does not answer.
        """
        async with self._slots.slot(caller.key.account_id, SLOT_WAIT_S):
            with self._memory.admit(self._draft_bytes):
                try:
                    async with (
                        asyncio.timeout(UPLOAD_TIMEOUT_S),
                        as_jobs_unavailable(),
                        self._draft(caller, fields.parse_idempotency_key(idempotency_key)) as draft,
                    ):
                        yield draft
                except TimeoutError as error:
                    raise DeadlineExceeded(UPLOAD_TIMEOUT_S) from error

    @asynccontextmanager
    async def _draft(self, caller: Caller, key: str) -> AsyncIterator[Draft]:
        original = await self._original(caller.key.account_id, key)
        if not original:
            caller.check_quota()
        job_id = new_job_id()
        draft = Draft(
            job_id,
            caller,
            self._drafts,
            self.storage,
            self.queue,
            self._remover,
            self._settings,
            is_keyed=bool(key),
            original=original,
        )
        if original:
            yield draft
            return
        await self._create(job_id, caller, key)
        try:
            async with running_in_background(self._renew_lease(job_id)):
                yield draft
        finally:
            if not draft.is_accepted:
                with contextlib.suppress(*OUTAGES):  # the sweeper deletes it later
                    await self._discard(job_id)

    async def _original(self, account_id: int, key: str) -> Job | None:
        """Return the job that an earlier request created with the key, or None."""
        original = (
            await asyncio.to_thread(self._drafts.find_by_key, account_id, key) if key else None
        )
        if original and original.status is JobStatus.RECEIVING:
            raise _in_progress()
        return original

    async def _create(self, job_id: str, caller: Caller, key: str) -> None:
        account_id = caller.key.account_id
        await self._check_open_jobs(account_id)
        is_created = await asyncio.to_thread(
            self._drafts.create,
            job_id,
            account_id=account_id,
            key_id=caller.key.id,
            idempotency_key=key,
        )
        if not is_created:  # a request with the same key came at the same time
            raise _in_progress()

    async def _check_open_jobs(self, account_id: int) -> None:
        limit = self._settings.bulk_jobs_per_account
        if limit and await asyncio.to_thread(self._drafts.count_unfinished, account_id) >= limit:
            raise RateLimited(
                f"{limit} jobs of your account have not ended yet: wait for one of them.",
                TOO_MANY_JOBS_RETRY_AFTER_S,
            )

    async def _renew_lease(self, job_id: str) -> None:
        """Renew a draft's lease every `RENEW_LEASE_EVERY_S` seconds while its images arrive."""
        while True:
            await asyncio.sleep(RENEW_LEASE_EVERY_S)
            with contextlib.suppress(*OUTAGES):
                await asyncio.to_thread(self._drafts.renew_lease, job_id)

    async def _discard(self, job_id: str) -> None:
        await asyncio.to_thread(self._drafts.abandon, job_id)
        await self.storage.delete(job_id)
        await asyncio.to_thread(self._drafts.delete, job_id)


def _in_progress() -> InProgress:
    return InProgress("The request with this Idempotency-Key is still arriving.", RETRY_AFTER_S)
