"""Many images on one call, several at once, each answered when it is done."""

import asyncio

from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.errors import (
    BadRequest,
    GatewayError,
    IdleStream,
    InvalidKey,
)
from gateway.orders.work import Work
from gateway.removal import Result
from gateway.rpc import messages, wire
from gateway.rpc.call import Call
from gateway.rpc.carried import carried_out
from gateway.rpc.messages import Received, received_of_stream
from gateway.rpc.reader import stopped
from gateway.settings import Settings

MAX_ID_LENGTH = 128
IDLE_S = 10.0
"""A stream with nothing in hand on which nothing comes for so long gives its place to others."""


class Stream:
    """Reads the next image only when there is a place for it.

    So flow control holds back a fast sender, and one that is slow to read: memory stays as it is.

    Args:
        call: the stream's.
        work: is done here.
        settings: the limits.
        stopping: set: read no further.
    """

    def __init__(self, call: Call, work: Work, settings: Settings, stopping: asyncio.Event) -> None:
        self._call, self._work, self._stopping = call, work, stopping
        self._places = asyncio.Semaphore(settings.grpc_stream_images)
        self._in_hand = 0

    async def run(self) -> None:
        """Answer all images of the stream.

        Raises:
            InvalidKey: the key has stopped working.
            BadRequest: what came is no message; what was read before has been answered.
            ModelUnavailable: the service is stopping; likewise.
            IdleStream: nothing came for a while.
            DeadlineExceeded: an answer was not taken.
            ClientGone: the caller has gone.
        """
        end: GatewayError | None = None
        try:
            async with asyncio.TaskGroup() as images:
                await self._places.acquire()
                try:
                    while image := await self._next():
                        images.create_task(self._answer(image))
                        del image  # while the next one is waited for, nobody needs it here
                        await self._places.acquire()
                except (BadRequest, IdleStream) as error:
                    end = error
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        if self._stopping.is_set():
            end = stopped()
        if end:
            raise end

    async def _next(self) -> Received | None:
        """The next image; None at the end, or when the service stops."""
        async with self._call.reading(received_of_stream, self._stopping) as (read, stop):
            while True:
                done, _ = await asyncio.wait(
                    (read, stop), timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED
                )
                if done:
                    return read.result() if read.done() else None
                if not self._in_hand:
                    raise IdleStream(f"Nothing came for {IDLE_S:g} s: open another one.", 1)

    async def _answer(self, image: Received) -> None:
        self._in_hand += 1
        try:
            answer = await self._outcome(image)
            del image  # megabytes, which nobody needs while the answer waits to be taken
            await self._call.write(answer)
        finally:
            self._in_hand -= 1
            self._places.release()

    async def _outcome(self, image: Received) -> bytes:
        answer = pb.RemoveBackgroundStreamResponse(id=image.id[:MAX_ID_LENGTH])
        try:
            done = await self._result(image)
            return wire.with_image(answer, messages.result(done), done.data)
        except InvalidKey:
            raise
        except Exception as error:
            answer.problem.CopyFrom(messages.problem(self._call.foreseen(error)))
            return answer.SerializeToString()

    async def _result(self, image: Received) -> Result:
        if len(image.id) > MAX_ID_LENGTH:
            raise BadRequest(f"id must be at most {MAX_ID_LENGTH} characters.")
        visit = await self._call.enter()
        return await carried_out(self._work, visit, image, self._call.time_left_s())
