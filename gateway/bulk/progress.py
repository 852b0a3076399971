"""Streams the progress of jobs to callers that watch them."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from cachetools import TTLCache

from gateway.accounts.caller import Caller
from gateway.bulk.job import Item, ItemStatus, Job
from gateway.bulk.job_service import JobService
from gateway.concurrency import loop_time
from gateway.limits.receive_slots import ReceiveSlots

POLL_INTERVAL_S, CACHE_S = 0.5, 0.4
MAX_WATCHERS, SLOT_WAIT_S = 500, 0.5


@dataclass(frozen=True)
class ProgressEvent:
    """An item got its final status, or the job ended."""

    job: Job
    item: Item | None
    """The item; None: the job has ended, and no event follows."""
    resume_token: str
    """Stands for all events up to this one: any replica can continue the stream after it."""


class ProgressService:
    """Polls watched jobs; the watchers of one job share one query every `CACHE_S` seconds.

    Args:
        jobs: finds the jobs.
    """

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs
        self._slots = ReceiveSlots(MAX_WATCHERS, "callers watch jobs")
        self._cache: TTLCache[tuple[str, int], asyncio.Task[Job]] = TTLCache(MAX_WATCHERS, CACHE_S)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Disconnect clients that are watching a job."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def slot(self, caller: Caller) -> AbstractAsyncContextManager[None]:
        """Hold one of the `MAX_WATCHERS` slots inside the block.

        Raises:
            Overloaded: no slot became free within `SLOT_WAIT_S`.
        """
        return self._slots.slot(caller.key.account_id, SLOT_WAIT_S)

    async def watch(
        self, job: Job, caller: Caller, resume_token: str = "", *, max_s: float = math.inf
    ) -> AsyncIterator[ProgressEvent]:
        """Yield each item once it is final, then the end of the job.

        Without the last event, the stream ends when the service stops, or after `max_s` seconds.

        Args:
            job: as it is now.
            caller: the job's owner.
            resume_token: of the last event that the caller knows; all events if it is invalid.
            max_s: after which the caller is to watch again, perhaps on another connection.

        Raises:
            NoJob: the job was deleted.
            JobsUnavailable: the database does not answer.
        """
        seen, ends_at = _parse_token(resume_token), loop_time() + max_s
        while True:
            for item in job.items:
                if item.status is not ItemStatus.PENDING and not seen >> item.number & 1:
                    seen |= 1 << item.number
                    yield ProgressEvent(job, item, f"{seen:x}")
            if job.finished_at:
                yield ProgressEvent(job, None, f"{seen:x}")
                return
            if await self._stops_within(POLL_INTERVAL_S) or loop_time() >= ends_at:
                return
            job = await self._find_cached(job.id, caller)

    async def _find_cached(self, job_id: str, caller: Caller) -> Job:
        """Return the job as it was at most `CACHE_S` seconds ago."""
        key = (job_id, caller.key.account_id)
        if key not in self._cache:
            self._cache[key] = asyncio.create_task(self._jobs.find(job_id, caller))
        return await asyncio.shield(self._cache[key])

    async def _stops_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        return self._stopping.is_set()


def _parse_token(resume_token: str) -> int:
    """Return the numbers of the items that the caller knows, as a bit mask."""
    try:
        return max(0, int(resume_token or "0", 16))
    except ValueError:
        return 0
