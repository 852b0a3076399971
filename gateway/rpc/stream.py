"""Many images in one call, several at once, each answered as soon as it is done."""

import asyncio

from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.concurrency import loop_time
from gateway.errors import (
    BadRequest,
    GatewayError,
    IdleStream,
    InvalidKey,
    ModelUnavailable,
)
from gateway.options import Options
from gateway.requests.handler import RequestHandler
from gateway.results import Result
from gateway.rpc import messages
from gateway.rpc.call import Call
from gateway.rpc.execute import execute
from gateway.rpc.messages import ReceivedRequest, decode_stream_request
from gateway.rpc.reader import reconnect, shutting_down
from gateway.settings import Settings

MAX_ID_LENGTH = 128
IDLE_S = 10.0
"""A stream without an image in progress is closed if none arrives for this long."""


class Stream:
    """Reads the next image only when there is a slot for it.

    So flow control slows down fast senders and slow readers, and memory stays bounded.

    Args:
        call: the stream's.
        handler: executes the requests.
        settings: the limits.
        stopping: set when the service shuts down: nothing more is read.
    """

    def __init__(
        self, call: Call, handler: RequestHandler, settings: Settings, stopping: asyncio.Event
    ) -> None:
        self._call, self._request_handler, self._stopping = call, handler, stopping
        self._slots = asyncio.Semaphore(settings.grpc_stream_images)
        self._in_progress = 0
        # It ends in order before its connection is cut, which could be in the middle of an image.
        self._ends_at = loop_time() + settings.grpc_max_call_s

    async def run(self) -> None:
        """Answer all images of the stream.

        Raises:
            InvalidKey: the key has stopped working.
            BadRequest: a message cannot be decoded; the images before it have been answered.
            ModelUnavailable: the service is shutting down, or the stream has grown old; likewise.
            IdleStream: no image arrived for a while.
            DeadlineExceeded: the client did not receive an answer in time.
            ClientGone: the client disconnected.
        """
        end: GatewayError | None = None
        try:
            async with asyncio.TaskGroup() as images:
                await self._slots.acquire()
                try:
                    while image := await self._next():
                        images.create_task(self._answer(image))
                        del image  # free it while waiting for the next one
                        await self._slots.acquire()
                except (BadRequest, IdleStream, ModelUnavailable) as error:
                    end = error
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        if self._stopping.is_set():
            end = shutting_down()
        if end:
            raise end

    async def _next(self) -> ReceivedRequest | None:
        """Return the next image; None at the end, or when the service shuts down."""
        async with self._call.reading(decode_stream_request, self._stopping) as (read, stop):
            while (left_s := self._ends_at - loop_time()) > 0:
                done, _ = await asyncio.wait(
                    (read, stop), timeout=min(IDLE_S, left_s), return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    return read.result() if read.done() else None
                if not self._in_progress and left_s > IDLE_S:
                    raise IdleStream(f"No image arrived for {IDLE_S:g} s: open a new stream.", 1)
            raise reconnect()

    async def _answer(self, image: ReceivedRequest) -> None:
        self._in_progress += 1
        try:
            answer = await self._outcome(image)
            del image  # free megabytes while the answer is being sent
            await self._call.write(answer)
        finally:
            self._in_progress -= 1
            self._slots.release()

    async def _outcome(self, image: ReceivedRequest) -> bytes:
        answer = pb.RemoveBackgroundStreamResponse(id=image.id[:MAX_ID_LENGTH])
        try:
            return messages.encode_answer(answer, *await self._results(image))
        except InvalidKey:
            raise
        except Exception as error:
            answer.problem.CopyFrom(messages.encode_problem(self._call.reported(error)))
            return answer.SerializeToString()

    async def _results(self, image: ReceivedRequest) -> tuple[tuple[Result, ...], Options]:
        if len(image.id) > MAX_ID_LENGTH:
            raise BadRequest(f"id must be at most {MAX_ID_LENGTH} characters.")
        async with self._call.request() as caller:
            deadline = self._request_handler.deadline(self._call.time_left_s())
            return await execute(self._request_handler, caller, image, deadline)
