"""Does the images of a job, and remembers each one's end."""

import asyncio
import logging
import zlib
from dataclasses import dataclass

from opentelemetry.trace import SpanKind
from sqlalchemy.exc import NoResultFound

from gateway import tracing
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job import Item, ItemStatus, Job, Status
from gateway.bulk.job_store import JobStore
from gateway.bulk.patience import through_overload
from gateway.bulk.storage import Storage
from gateway.errors import GatewayError, problem
from gateway.models.model import Priority
from gateway.options import Options, parse
from gateway.outages import through_outages
from gateway.removal import Remover, Result
from gateway.together import together

log = logging.getLogger(__name__)

TIMEOUT_S = 600.0
"""For one image: it waits until no interactive one is there."""
MAX_ATTEMPTS, SUSPECT_AFTER = 20, 3
"""Of workers that began with an image and did not come to its end: it may be what kills them. A
suspect is done alone, so that no other image of its job counts its attempts too."""


@dataclass(frozen=True)
class _Asked:
    options: Options
    backdrop: bytes | None


class _Over(Exception):
    """The job was canceled, or its time is over."""


class Worker:
    """Works jobs off, several images at once, at low priority.

    Args:
        remover: does an image.
        jobs: know what is asked for.
        items: remember what became of each image.
        storage: has the images, and gets the results.
        at_once: images, of all jobs together.
    """

    def __init__(
        self, remover: Remover, jobs: JobStore, items: ItemStore, storage: Storage, at_once: int
    ) -> None:
        self._remover, self._jobs, self._items, self._storage = remover, jobs, items, storage
        self._at_once = at_once
        self._places = asyncio.Semaphore(at_once)
        self._stopping = False
        self._in_flight: set[asyncio.Task[None]] = set()

    async def stop(self, timeout_s: float) -> None:
        """Begin no further image, and let those in flight finish; jobs go on later."""
        self._stopping = True
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=timeout_s)
        for image in self._in_flight:
            image.cancel()
        await asyncio.gather(*self._in_flight, return_exceptions=True)

    async def work_off(self, job_id: str) -> None:
        """Bring every image of a job to its end, and the job. It may have been begun before."""
        try:
            await self._do_all(await through_outages(asyncio.to_thread, self._jobs.get, job_id))
        except NoResultFound:
            return  # it was deleted meanwhile
        except Exception:
            log.exception("unforeseen error with bulk job %s", job_id)
            why = problem(GatewayError())
            await through_outages(asyncio.to_thread, self._items.fail, job_id, why)
        await through_outages(asyncio.to_thread, self._jobs.finish, job_id)
        await through_outages(self._storage.delete, f"{job_id}/in")

    async def _do_all(self, job: Job) -> None:
        pending = [item for item in job.items if item.status is ItemStatus.PENDING]
        backdrop = None
        if job.has_backdrop and pending:
            backdrop = await through_outages(self._storage.get, f"{job.id}/in/backdrop")
        asked = _Asked(parse(job.options), backdrop)

        async def one(item: Item) -> None:
            async with self._places:
                if self._stopping:
                    return
                doing = asyncio.create_task(self._one(job, item, asked))
                self._in_flight.add(doing)
                doing.add_done_callback(self._in_flight.discard)
                await asyncio.wait([doing])  # also when `stop` gives it up
            if not doing.cancelled():
                doing.result()

        suspects = [item for item in pending if item.attempts >= SUSPECT_AFTER]
        others = [item for item in pending if item.attempts < SUSPECT_AFTER]
        async for _ in together(others, one, at_once=self._at_once):
            pass
        async for _ in together(suspects, one, at_once=1):
            pass
        if self._stopping:
            await asyncio.Event().wait()  # as if the process had been killed here

    async def _one(self, job: Job, item: Item, asked: _Asked) -> None:
        attempt = await through_outages(asyncio.to_thread, self._items.start, job.id, item.number)
        if attempt is None:
            return
        with tracing.continued(
            "bulk image", {"traceparent": job.traceparent or ""}, SpanKind.CONSUMER
        ):
            tracing.note(
                {"clearbg.job": job.id, "clearbg.item": item.number, "clearbg.attempt": attempt}
            )
            await self._attempt(job, item, asked, attempt)

    async def _attempt(self, job: Job, item: Item, asked: _Asked, attempt: int) -> None:
        try:
            result = await self._result(job.id, item.number, asked, attempt)
            await self._keep(job, item.number, result)
        except _Over:
            return
        except Exception as error:
            await self._fail(job.id, item.number, error)

    async def _fail(self, job_id: str, number: int, error: Exception) -> None:
        """One image cannot be done; what we did not foresee is told in full to the log only."""
        if not isinstance(error, GatewayError):
            log.error("unforeseen error with an image of bulk job %s", job_id, exc_info=error)
            error = GatewayError()
        tracing.failed(error.slug)
        await through_outages(asyncio.to_thread, self._items.fail, job_id, problem(error), number)

    async def _result(self, job_id: str, number: int, asked: _Asked, attempt: int) -> Result:
        if attempt > MAX_ATTEMPTS:
            raise GatewayError("The service cannot do this image.")

        async def remove() -> Result:
            if await through_outages(asyncio.to_thread, self._jobs.is_over, job_id):
                raise _Over
            return await self._remover.remove(
                data,
                asked.options,
                backdrop=asked.backdrop,
                priority=Priority.BULK,
                timeout_s=TIMEOUT_S,
            )

        data = await through_outages(self._storage.get, f"{job_id}/in/{number}")
        return await through_overload(remove)

    async def _keep(self, job: Job, number: int, result: Result) -> None:
        await through_outages(
            self._storage.put, f"{job.id}/out/{number}", result.data, result.media_type
        )
        said = {
            "media_type": result.media_type,
            "width": result.width,
            "height": result.height,
            "size_bytes": len(result.data),
            "crc32": await asyncio.to_thread(zlib.crc32, result.data),
        }
        if not await through_outages(asyncio.to_thread, self._items.succeed, job, number, said):
            await self._clear_up(job.id)

    async def _clear_up(self, job_id: str) -> None:
        """If a job was swept meanwhile, nothing may stay of it."""
        try:
            job = await through_outages(asyncio.to_thread, self._jobs.get, job_id)
            is_swept = job.status is Status.EXPIRED
        except NoResultFound:
            is_swept = True
        if is_swept:
            await through_outages(self._storage.delete, job_id)
