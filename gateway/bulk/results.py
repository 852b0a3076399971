"""Gives callers the results of their jobs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from gateway.accounts.caller import Caller
from gateway.bulk import archive
from gateway.bulk.job import Job, JobStatus
from gateway.bulk.job_service import JobService
from gateway.bulk.storage import Storage, result_path
from gateway.errors import NoResult
from gateway.settings import Settings
from gateway.store_outages import as_jobs_unavailable


@dataclass(frozen=True)
class StoredResult:
    """A result of a job, in the storage."""

    path: str
    file_name: str
    media_type: str
    size_bytes: int
    url: str | None
    """Presigned URL to redirect the caller to; None if the gateway sends the file itself."""


class ResultService:
    """Finds and opens results of the caller's account.

    Args:
        jobs: finds the jobs.
        storage: has the results.
        settings: whether callers are redirected to the storage.
    """

    def __init__(self, jobs: JobService, storage: Storage, settings: Settings) -> None:
        self._jobs, self._storage = jobs, storage
        self._redirects = settings.bulk_results == "redirect"

    async def find(self, job_id: str, number: int, caller: Caller) -> StoredResult:
        """Return the result of an item; numbers start at 0.

        Raises:
            NoJob, JobsUnavailable: as `JobService.find` does.
            NoResult: the item does not exist or has no result, or the job has expired.
        """
        return await self._stored_result(await self._jobs.find(job_id, caller), number)

    async def open(self, result: StoredResult) -> AsyncIterator[bytes]:
        """Open a result, and return its content in chunks.

        Raises:
            NoResult: the blob is deleted.
            JobsUnavailable: the storage does not answer.
        """
        async with as_jobs_unavailable():
            try:
                return await self._storage.open(result.path)
            except FileNotFoundError as error:
                raise NoResult("The result has been deleted.") from error

    async def open_archive(self, job_id: str, caller: Caller) -> AsyncIterator[bytes]:
        """Return a ZIP of all results that a job has so far, in chunks.

        Raises:
            NoJob, JobsUnavailable: as `JobService.find` does.
            NoResult: there are no results, or they are deleted.
        """
        job = await self._jobs.find(job_id, caller)
        first = await self._stored_result(job, archive.first_result(job))
        await self.open(first)  # fails while the answer can still be an error
        return archive.stream_zip(job, self._storage)

    async def _stored_result(self, job: Job, number: int) -> StoredResult:
        result = _result(job, number)
        path = result_path(job.id, number)
        return StoredResult(
            path,
            file_name=archive.file_names(job)[number],
            media_type=result["media_type"],
            size_bytes=result["size_bytes"],
            url=await self._storage.presigned_url(path) if self._redirects else None,
        )


def _result(job: Job, number: int) -> dict[str, Any]:
    if job.status is JobStatus.EXPIRED:
        raise NoResult("The job has expired, and its results are deleted.")
    if not 0 <= number < len(job.items):
        raise NoResult(f"This job has the images 0 to {len(job.items) - 1}.")
    item = job.items[number]
    if item.result is None:
        raise NoResult(f"This image has no result: it is {item.status.value}.")
    return item.result
