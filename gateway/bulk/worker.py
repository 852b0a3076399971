"""Processes the images of jobs, and stores each one's outcome."""

import asyncio
import logging
import zlib
from dataclasses import dataclass

from opentelemetry.trace import SpanKind
from sqlalchemy.exc import NoResultFound

from gateway.bulk import storage
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job import Item, ItemStatus, Job, JobStatus
from gateway.bulk.job_store import JobStore
from gateway.bulk.retries import retry_while_overloaded
from gateway.bulk.storage import Storage
from gateway.concurrency import concurrently
from gateway.deadline import Deadline
from gateway.errors import GatewayError
from gateway.models.model import Priority
from gateway.observability import tracing
from gateway.options import Options, parse
from gateway.removal import Remover
from gateway.results import Result, as_one
from gateway.store_outages import retry_during_outages

log = logging.getLogger(__name__)

IMAGE_TIMEOUT_S = 600.0
"""For one image, since it waits while there are interactive ones."""
MAX_ATTEMPTS, SUSPECT_AFTER = 20, 3
"""Attempts that ended without an outcome: the image may be what kills the workers. A suspect is
processed alone, so that its crashes do not count as attempts of the job's other images."""


@dataclass(frozen=True)
class _JobInput:
    """What all images of a job share."""

    options: Options
    backdrop: bytes | None = None
    mask: bytes | None = None
    trimap: bytes | None = None


class _JobEnded(Exception):
    """The job was canceled, deleted, or has expired."""


class Worker:
    """Processes jobs at bulk priority, several images at once.

    Args:
        remover: removes the backgrounds.
        jobs: reads and finishes jobs.
        items: stores each image's outcome.
        blobs: has the images, and gets the results.
        max_images: images in progress at once, of all jobs together.
    """

    def __init__(
        self, remover: Remover, jobs: JobStore, items: ItemStore, blobs: Storage, max_images: int
    ) -> None:
        self._remover, self._jobs, self._items, self._blobs = remover, jobs, items, blobs
        self._max_images = max_images
        self._semaphore = asyncio.Semaphore(max_images)
        self._stopping = False
        self._in_flight: set[asyncio.Task[None]] = set()

    async def stop(self, timeout_s: float) -> None:
        """Start no further image, and cancel those that do not finish within `timeout_s`."""
        self._stopping = True
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=timeout_s)
        for task in self._in_flight:
            task.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    async def process(self, job_id: str) -> None:
        """Process all pending images of a job, then finish the job.

        Returns only when the job has ended; retries while the stores are down. May be called again
        for a job that was interrupted.
        """
        try:
            job = await retry_during_outages(asyncio.to_thread, self._jobs.get, job_id)
            await self._process_items(job)
        except NoResultFound:
            return  # the job was deleted
        except Exception:
            log.exception("unexpected error in bulk job %s", job_id)
            internal = GatewayError()
            await retry_during_outages(asyncio.to_thread, self._items.mark_failed, job_id, internal)
        await retry_during_outages(asyncio.to_thread, self._jobs.finish, job_id)
        await retry_during_outages(self._blobs.delete, storage.inputs_folder(job_id))

    async def _process_items(self, job: Job) -> None:
        pending = [item for item in job.items if item.status is ItemStatus.PENDING]
        job_input = await self._load_input(job) if pending else _JobInput(parse(job.options))

        async def process_in_turn(item: Item) -> None:
            async with self._semaphore:
                if self._stopping:
                    return
                task = asyncio.create_task(self._process_item(job, item, job_input))
                self._in_flight.add(task)
                task.add_done_callback(self._in_flight.discard)
                await asyncio.wait([task])  # returns too when `stop` cancels it
            if not task.cancelled():
                task.result()

        suspects = [item for item in pending if item.attempts >= SUSPECT_AFTER]
        others = [item for item in pending if item.attempts < SUSPECT_AFTER]
        async for _ in concurrently(others, process_in_turn, at_once=self._max_images):
            pass
        async for _ in concurrently(suspects, process_in_turn, at_once=1):
            pass
        if self._stopping:
            # The job must not be finished: it waits here to be cancelled, and continues later.
            await asyncio.Event().wait()

    async def _load_input(self, job: Job) -> _JobInput:
        flags = {"backdrop": job.has_backdrop, "mask": job.has_mask, "trimap": job.has_trimap}
        files = {
            name: await retry_during_outages(self._blobs.get, storage.shared_path(job.id, name))
            for name, has_file in flags.items()
            if has_file
        }
        return _JobInput(parse(job.options), **files)

    async def _process_item(self, job: Job, item: Item, job_input: _JobInput) -> None:
        attempt = await retry_during_outages(
            asyncio.to_thread, self._items.start_attempt, job.id, item.number
        )
        if attempt is None:
            return
        with tracing.continue_trace(
            "bulk image", {"traceparent": job.traceparent or ""}, SpanKind.CONSUMER
        ):
            tracing.set_attributes(
                {"clearbg.job": job.id, "clearbg.item": item.number, "clearbg.attempt": attempt}
            )
            try:
                result = await self._remove(job, item.number, job_input, attempt)
                await self._store_result(job, item.number, result)
            except _JobEnded:
                return
            except Exception as error:
                await self._mark_failed(job.id, item.number, error)

    async def _remove(self, job: Job, number: int, job_input: _JobInput, attempt: int) -> Result:
        if attempt > MAX_ATTEMPTS:
            raise GatewayError("The service cannot process this image.")
        await retry_during_outages(asyncio.to_thread, self._items.check_quota, job)

        async def remove() -> Result:
            if await retry_during_outages(asyncio.to_thread, self._jobs.has_ended, job.id):
                raise _JobEnded
            done = await self._remover.remove_all(
                data,
                job_input.options,
                backdrop=job_input.backdrop,
                mask=job_input.mask,
                trimap=job_input.trimap,
                account_id=job.account_id,
                priority=Priority.BULK,
                deadline=Deadline(IMAGE_TIMEOUT_S),
            )
            return await asyncio.to_thread(as_one, done, job_input.options)

        data = await retry_during_outages(self._blobs.get, storage.image_path(job.id, number))
        return await retry_while_overloaded(remove)

    async def _store_result(self, job: Job, number: int, result: Result) -> None:
        path = storage.result_path(job.id, number)
        await retry_during_outages(self._blobs.put, path, result.data, result.media_type)
        stored = {
            "media_type": result.media_type,
            "width": result.width,
            "height": result.height,
            "size_bytes": len(result.data),
            "crc32": await asyncio.to_thread(zlib.crc32, result.data),
        }
        is_first = await retry_during_outages(
            asyncio.to_thread, self._items.mark_succeeded, job, number, stored, result.pixels
        )
        if not is_first:
            await self._delete_if_swept(job.id)

    async def _mark_failed(self, job_id: str, number: int, error: Exception) -> None:
        """Store why an image failed; details of unexpected errors go to the log only."""
        if not isinstance(error, GatewayError):
            log.error("unexpected error with an image of bulk job %s", job_id, exc_info=error)
            error = GatewayError()
        tracing.mark_failed(error.slug)
        await retry_during_outages(
            asyncio.to_thread, self._items.mark_failed, job_id, error, number
        )

    async def _delete_if_swept(self, job_id: str) -> None:
        """Delete the blobs of a job that the sweeper has deleted in the meantime."""
        try:
            job = await retry_during_outages(asyncio.to_thread, self._jobs.get, job_id)
            is_swept = job.status is JobStatus.EXPIRED
        except NoResultFound:
            is_swept = True
        if is_swept:
            await retry_during_outages(self._blobs.delete, job_id)
