"""Small pictures of results: made when they are first asked for, and kept with the job."""

import asyncio
from contextlib import suppress

from gateway.accounts.caller import Caller
from gateway.bulk import storage
from gateway.bulk.results import ResultService, StoredResult
from gateway.bulk.storage import Storage
from gateway.errors import BadImage, NoJob, NoResult, Overloaded
from gateway.options import Format
from gateway.requests.handler import RequestHandler
from gateway.store_outages import as_jobs_unavailable

MEDIA_TYPE = "image/webp"
MADE_AT_ONCE = 1
"""A page asks for dozens: they must not compete with images that people wait for."""
TIMEOUT_S, RETRY_AFTER_S = 20.0, 5.0
"""For one, those ahead of it included."""


class ThumbnailService:
    """Returns small pictures of the results of the caller's account.

    Args:
        results: finds the results.
        blobs: has them, and keeps the small pictures until the job is deleted.
        handler: makes the pictures, within the limits of memory in flight.
    """

    def __init__(self, results: ResultService, blobs: Storage, handler: RequestHandler) -> None:
        self._results, self._blobs = results, blobs
        self._remover, self._memory = handler.remover, handler.memory
        self._making = asyncio.Semaphore(MADE_AT_ONCE)

    async def get(self, job_id: str, number: int, caller: Caller) -> bytes:
        """Return a small WebP of a result; item numbers start at 0.

        Raises:
            NoJob, NoResult, JobsUnavailable: as `ResultService.find` does.
            NoResult: the result is damaged, or it was deleted.
            Overloaded: it could not be made in time; safe to retry.
        """
        result = await self._results.find(job_id, number, caller)
        try:
            async with asyncio.timeout(TIMEOUT_S), as_jobs_unavailable():
                stored = await self._stored(job_id, number)
                return stored or await self._make(job_id, number, _memory_bytes(result), caller)
        except TimeoutError as error:
            raise Overloaded("Too many small pictures are being made.", RETRY_AFTER_S) from error

    async def _stored(self, job_id: str, number: int) -> bytes | None:
        with suppress(FileNotFoundError):
            return await self._blobs.get(storage.thumbnail_path(job_id, number))
        return None

    async def _make(self, job_id: str, number: int, memory_bytes: int, caller: Caller) -> bytes:
        async with self._making:
            if made := await self._stored(job_id, number):  # by the request ahead of this one
                return made
            with self._memory.admit(memory_bytes):
                small = await self._shrink(job_id, number)
            try:
                await self._blobs.put(storage.thumbnail_path(job_id, number), small, MEDIA_TYPE)
            finally:  # also when that failed because the folder was being deleted
                await self._delete_orphan(job_id, number, caller)
            return small

    async def _shrink(self, job_id: str, number: int) -> bytes:
        try:
            data = await self._blobs.get(storage.result_path(job_id, number))
            return await self._remover.thumbnail(data)
        except FileNotFoundError as error:
            raise NoResult("The result has been deleted.") from error
        except BadImage as error:
            raise NoResult("There is no small picture of this result.") from error

    async def _delete_orphan(self, job_id: str, number: int, caller: Caller) -> None:
        """Delete the small pictures of a job that was deleted while this one was made."""
        try:
            await self._results.find(job_id, number, caller)
        except (NoJob, NoResult):
            await self._blobs.delete(storage.thumbnails_folder(job_id))
            raise


def _memory_bytes(result: StoredResult) -> int:
    """Return what a result takes while it is shrunk: of a ZIP, pictures are copied."""
    is_zip = result.media_type == Format.ZIP.media_type
    return (1 + is_zip) * result.size_bytes
