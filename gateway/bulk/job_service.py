"""What callers can do with the jobs of their account."""

import asyncio

from gateway.accounts.caller import Caller
from gateway.bulk.job import ID_PATTERN, Job
from gateway.bulk.job_store import JobStore
from gateway.errors import NoJob
from gateway.paging import Page, PageRequest
from gateway.store_outages import as_jobs_unavailable


class JobService:
    """Finds, lists, cancels and deletes jobs; a caller sees only those of its own account.

    Every method raises JobsUnavailable if the database does not answer.

    Args:
        jobs: the database.
    """

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    async def find(self, job_id: str, caller: Caller) -> Job:
        """Return a job.

        Raises:
            NoJob: the caller's account has no such job.
        """
        job = None
        if ID_PATTERN.fullmatch(job_id):
            async with as_jobs_unavailable():
                job = await asyncio.to_thread(self._jobs.find, job_id, caller.key.account_id)
        if job is None:
            raise NoJob
        return job

    async def list_jobs(self, caller: Caller, page: PageRequest) -> Page[Job]:
        """Return a page of the account's jobs."""
        async with as_jobs_unavailable():
            return await asyncio.to_thread(self._jobs.list_jobs, caller.key.account_id, page)

    async def cancel(self, job_id: str, caller: Caller) -> Job:
        """Let no further image of a job start, and return the job.

        Raises:
            NoJob: as `find` does.
        """
        job = await self.find(job_id, caller)
        async with as_jobs_unavailable():
            await asyncio.to_thread(self._jobs.cancel, job.id)
        return await self.find(job_id, caller)

    async def delete(self, job_id: str, caller: Caller) -> None:
        """Cancel a job, and delete it with its images and results.

        Raises:
            NoJob: as `find` does.
        """
        job = await self.find(job_id, caller)
        async with as_jobs_unavailable():
            await asyncio.to_thread(self._jobs.delete, job.id)
