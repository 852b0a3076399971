"""The gRPC methods of bulk jobs: see protos/clearbg/v1/bulk_calls.proto."""

import asyncio
import math
from collections.abc import Coroutine
from datetime import UTC
from typing import TypeVar

from clearbg.v1 import bulk_calls_pb2 as pb
from google.protobuf.message import Message

from gateway.accounts.caller import Caller
from gateway.bulk.services import BulkServices
from gateway.errors import BadOption
from gateway.paging import DEFAULT_LIMIT, MAX_LIMIT, PageRequest
from gateway.requests.payload import check_text
from gateway.rpc.bulk import messages
from gateway.rpc.bulk.upload import receive_job
from gateway.rpc.call import Call
from gateway.rpc.reader import Reader, reconnect, shutting_down
from gateway.store_outages import as_jobs_unavailable

Response = TypeVar("Response", bound=Message)


class BulkCalls:
    """Parses each call, passes it to the services, and answers.

    Args:
        bulk: receives and controls jobs.
        reader: reads the requests.
        max_watch_s: seconds after which a caller is to watch its job with another call.

    Attributes:
        methods: the handlers, by the method's name in the contract.
    """

    def __init__(
        self, bulk: BulkServices, reader: Reader, *, max_watch_s: float = math.inf
    ) -> None:
        self._bulk, self._reader, self._max_watch_s = bulk, reader, max_watch_s
        self._max_image_bytes = bulk.receiver.max_image_bytes
        self.methods = {
            "CreateBulkJob": self._create,
            "GetBulkJob": self._get,
            "WatchBulkJob": self._watch,
            "GetBulkResult": self._get_result,
            "CancelBulkJob": self._cancel,
            "DeleteBulkJob": self._delete,
            "ListBulkJobs": self._list,
        }

    async def _create(self, call: Call, caller: Caller) -> None:
        response = await _finish_despite_cancellation(self._receive(call, caller))
        await call.write(response.SerializeToString())

    async def _receive(self, call: Call, caller: Caller) -> pb.CreateBulkJobResponse:
        async with self._bulk.receiver.receive(caller, call.idempotency_key) as draft:
            job = await receive_job(call, self._reader, draft, self._max_image_bytes)
        return pb.CreateBulkJobResponse(
            job=messages.summary_as_message(job), replayed=draft.is_replayed
        )

    async def _get(self, call: Call, caller: Caller) -> None:
        request = await self._reader.only(call, caller, pb.GetBulkJobRequest.FromString)
        job = await self._bulk.jobs.find(request.job_id, caller)
        response = pb.GetBulkJobResponse(job=messages.job_as_message(job))
        await call.write(response.SerializeToString())

    async def _watch(self, call: Call, caller: Caller) -> None:
        request = await self._reader.only(call, caller, pb.WatchBulkJobRequest.FromString)
        check_text("resume_token", request.resume_token, self._max_image_bytes)
        job = await self._bulk.jobs.find(request.job_id, caller)
        has_ended = False
        async with self._bulk.progress.slot(caller):
            async for event in self._bulk.progress.watch(
                job, caller, request.resume_token, max_s=self._max_watch_s
            ):
                await call.write(messages.event_as_message(event).SerializeToString())
                has_ended = event.item is None
        if not has_ended:
            raise shutting_down() if self._bulk.progress.is_stopping else reconnect()

    async def _get_result(self, call: Call, caller: Caller) -> None:
        request = await self._reader.only(call, caller, pb.GetBulkResultRequest.FromString)
        result = await self._bulk.results.find(request.job_id, request.index, caller)
        if result.url:
            await call.write(messages.result_as_message(result).SerializeToString())
            return
        chunks = await self._bulk.results.open(result)
        await call.write(messages.result_as_message(result).SerializeToString())
        async with as_jobs_unavailable():
            async for chunk in chunks:
                await call.write(pb.GetBulkResultResponse(chunk=chunk).SerializeToString())

    async def _cancel(self, call: Call, caller: Caller) -> None:
        request = await self._reader.only(call, caller, pb.CancelBulkJobRequest.FromString)
        job = await self._bulk.jobs.cancel(request.job_id, caller)
        response = pb.CancelBulkJobResponse(job=messages.job_as_message(job))
        await call.write(response.SerializeToString())

    async def _delete(self, call: Call, caller: Caller) -> None:
        request = await self._reader.only(call, caller, pb.DeleteBulkJobRequest.FromString)
        await self._bulk.jobs.delete(request.job_id, caller)
        await call.write(pb.DeleteBulkJobResponse().SerializeToString())

    async def _list(self, call: Call, caller: Caller) -> None:
        request = await self._reader.only(call, caller, pb.ListBulkJobsRequest.FromString)
        page = await self._bulk.jobs.list_jobs(caller, _page_request(request))
        response = pb.ListBulkJobsResponse(
            jobs=[messages.summary_as_message(job) for job in page.entries],
            next_before=messages.as_timestamp(page.next_before),
        )
        await call.write(response.SerializeToString())


async def _finish_despite_cancellation(upload: Coroutine[None, None, Response]) -> Response:
    """Wait for an upload; if the call is cancelled, until the upload has noticed that itself.

    gRPC cancels its task anywhere, even in the middle of a database write, after which it would be
    unknown whether there is something to undo.
    """
    task = asyncio.create_task(upload)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _page_request(request: pb.ListBulkJobsRequest) -> PageRequest:
    limit = min(request.limit or DEFAULT_LIMIT, MAX_LIMIT)
    if not request.HasField("before"):
        return PageRequest(limit)
    try:
        return PageRequest(limit, request.before.ToDatetime(UTC))
    except ValueError as error:
        raise BadOption("before", "before must be a point in time.") from error
