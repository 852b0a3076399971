"""The calls of bulk jobs: see protos/clearbg/v1/bulk_calls.proto."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import TypeVar

from clearbg.v1 import bulk_calls_pb2 as pb
from google.protobuf.message import Message

from gateway.accounts.gate import Visit
from gateway.bulk.intake import Intake
from gateway.bulk.progress import watch
from gateway.bulk.uploads import Uploads
from gateway.errors import BadOption
from gateway.orders.sent import check_text
from gateway.outages import told
from gateway.pages import MAX_PAGE, USUAL_PAGE, next_before
from gateway.rpc.bulk import answers
from gateway.rpc.bulk.upload import receive
from gateway.rpc.call import Call
from gateway.rpc.reader import Reader, stopped

Request = TypeVar("Request", bound=Message)
Answer = TypeVar("Answer", bound=Message)


class BulkCalls:
    """Makes of each call a question to the intake.

    Args:
        intake: knows the jobs.
        uploads: receive them.
        reader: reads what is sent.
    """

    def __init__(self, intake: Intake, uploads: Uploads, reader: Reader) -> None:
        self._intake, self._uploads, self._reader = intake, uploads, reader
        self.methods = {
            "CreateBulkJob": self._create,
            "GetBulkJob": self._get,
            "WatchBulkJob": self._watch,
            "GetBulkResult": self._result,
            "CancelBulkJob": self._cancel,
            "DeleteBulkJob": self._delete,
            "ListBulkJobs": self._list,
        }

    async def _create(self, call: Call) -> None:
        visit = await call.enter()
        said = await _to_its_end(self._received(call, visit))
        await call.write(said.SerializeToString())

    async def _received(self, call: Call, visit: Visit) -> pb.CreateBulkJobResponse:
        async with self._uploads.receiving(visit, call.idempotency_key) as draft:
            job = await receive(call, self._reader, draft, self._uploads.max_image_bytes)
        return pb.CreateBulkJobResponse(job=answers.summary(job), replayed=draft.is_replayed)

    async def _get(self, call: Call) -> None:
        visit, asked = await self._asked(call, pb.GetBulkJobRequest)
        job = await self._intake.find(asked.job_id, visit)
        await call.write(pb.GetBulkJobResponse(job=answers.full(job)).SerializeToString())

    async def _watch(self, call: Call) -> None:
        visit, asked = await self._asked(call, pb.WatchBulkJobRequest)
        check_text("resume_token", asked.resume_token, self._uploads.max_image_bytes)
        job = await self._intake.find(asked.job_id, visit)
        has_ended = False
        async with self._intake.watching(visit):
            async for news in watch(self._intake, job, visit, asked.resume_token):
                await call.write(answers.news(news).SerializeToString())
                has_ended = news.image is None
        if not has_ended:
            raise stopped()

    async def _result(self, call: Call) -> None:
        visit, asked = await self._asked(call, pb.GetBulkResultRequest)
        found = await self._intake.result(asked.job_id, asked.index, visit)
        if found.link:
            await call.write(answers.file(found).SerializeToString())
            return
        chunks = await self._intake.opened(found.path)
        await call.write(answers.file(found).SerializeToString())
        async with told():
            async for chunk in chunks:
                await call.write(pb.GetBulkResultResponse(chunk=chunk).SerializeToString())

    async def _cancel(self, call: Call) -> None:
        visit, asked = await self._asked(call, pb.CancelBulkJobRequest)
        job = await self._intake.cancel(asked.job_id, visit)
        await call.write(pb.CancelBulkJobResponse(job=answers.full(job)).SerializeToString())

    async def _delete(self, call: Call) -> None:
        visit, asked = await self._asked(call, pb.DeleteBulkJobRequest)
        await self._intake.drop(asked.job_id, visit)
        await call.write(pb.DeleteBulkJobResponse().SerializeToString())

    async def _list(self, call: Call) -> None:
        visit, asked = await self._asked(call, pb.ListBulkJobsRequest)
        limit = min(asked.limit or USUAL_PAGE, MAX_PAGE)
        jobs = await self._intake.newest(visit, before=_before(asked), limit=limit)
        said = pb.ListBulkJobsResponse(
            jobs=[answers.summary(job) for job in jobs],
            next_before=answers.moment(next_before([job.created_at for job in jobs], limit)),
        )
        await call.write(said.SerializeToString())

    async def _asked(self, call: Call, kind: type[Request]) -> tuple[Visit, Request]:
        visit = await call.enter()
        return visit, await self._reader.only(call, visit, kind.FromString)


async def _to_its_end(upload: Coroutine[None, None, Answer]) -> Answer:
    """Wait for an upload; if the call is cancelled, until it has read that the caller is gone.

    gRPC cancels anywhere, also in the middle of a write: nobody could say whether there is
    something to undo.
    """
    task = asyncio.create_task(upload)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _before(asked: pb.ListBulkJobsRequest) -> datetime | None:
    if not asked.HasField("before"):
        return None
    try:
        before: datetime = asked.before.ToDatetime(UTC)
    except ValueError as error:
        raise BadOption("before", "before must be a point in time.") from error
    return before
