"""Many images on one call, several at once, each answered when it is done."""

import asyncio

from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.errors import BadRequest, InvalidKey, ModelUnavailable
from gateway.orders.work import Work
from gateway.removal import Result
from gateway.rpc import messages, wire
from gateway.rpc.call import Call
from gateway.rpc.carried import carried_out
from gateway.rpc.messages import Received, received_of_stream
from gateway.settings import Settings

MAX_ID_BYTES = 128
STOPPING_RETRY_S = 1.0


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
        self._writing = asyncio.Lock()

    async def run(self) -> None:
        """Answer all images of the stream.

        Raises:
            InvalidKey: the key has stopped working.
            ModelUnavailable: the service is stopping; what was read has been answered.
            DeadlineExceeded: an answer was not taken.
        """
        try:
            async with asyncio.TaskGroup() as images:
                await self._places.acquire()
                while image := await self._next():
                    images.create_task(self._answer(image))
                    del image  # while the next one is waited for, nobody needs it here
                    await self._places.acquire()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        if self._stopping.is_set():
            raise ModelUnavailable("The service is stopping.", STOPPING_RETRY_S)

    async def _next(self) -> Received | None:
        """The next image; None at the end, or when the service stops."""
        read = asyncio.create_task(self._call.read(received_of_stream))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((read, stop), return_when=asyncio.FIRST_COMPLETED)
            return read.result() if read.done() else None
        finally:
            read.cancel()
            stop.cancel()
            await asyncio.gather(read, stop, return_exceptions=True)

    async def _answer(self, image: Received) -> None:
        answer = await self._outcome(image)
        async with self._writing:
            await self._call.write(answer)
        self._places.release()

    async def _outcome(self, image: Received) -> bytes:
        answer = pb.RemoveBackgroundStreamResponse(id=image.id)
        try:
            done = await self._result(image)
            return wire.with_image(answer, messages.result(done), done.data)
        except InvalidKey:
            raise
        except Exception as error:
            answer.problem.CopyFrom(messages.problem(self._call.foreseen(error)))
            return answer.SerializeToString()

    async def _result(self, image: Received) -> Result:
        if len(image.id.encode()) > MAX_ID_BYTES:
            raise BadRequest(f"id must be at most {MAX_ID_BYTES} bytes.")
        visit = await self._call.enter()
        return await carried_out(self._work, self._call, visit, image)
