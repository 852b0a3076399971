"""Queries over gRPC, all on one stream: answers find their way back by their id."""

import asyncio
import itertools
from typing import Any

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.client.cutout import Cutout
from gateway.client.grpc_messages import cutout, problem, request, streamed_problem
from gateway.client.problem import late, unreachable
from gateway.client.query import Query

Metadata = tuple[tuple[str, str], ...]


class Stream:
    """Opens a stream when there is something to send, and another one when it has ended.

    Args:
        stub: of the service, for this event loop.
        metadata: of the call.
        timeout_s: for each image.
    """

    def __init__(self, stub: Any, metadata: Metadata, timeout_s: float) -> None:
        self._stub, self._metadata, self._timeout_s = stub, metadata, timeout_s
        self._ids = itertools.count()
        self._writing = asyncio.Lock()
        self._call: Any = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[Cutout]] = {}

    async def remove(self, query: Query) -> Cutout:
        """See `over_http.Http`."""
        id_ = str(next(self._ids))
        answer: asyncio.Future[Cutout] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = answer
        message = pb.RemoveBackgroundStreamRequest(id=id_, request=request(query))
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(message)
                return await answer
        except TimeoutError as error:
            raise late(self._timeout_s) from error
        finally:
            del self._waiting[id_]
            answer.cancel()

    async def close(self) -> None:
        """End the stream; what is under way is given up."""
        if self._call:
            self._call.cancel()
        if self._reading:
            await self._reading

    async def _send(self, message: pb.RemoveBackgroundStreamRequest) -> None:
        async with self._writing:
            if self._reading is None or self._reading.done():
                self._call = self._stub.RemoveBackgroundStream(metadata=self._metadata)
                self._reading = asyncio.create_task(self._read(self._call))
            try:
                await self._call.write(message)
            except (grpc.RpcError, asyncio.InvalidStateError):
                await self._reading  # it has told everybody who waits why the stream ended

    async def _read(self, call: Any) -> None:
        why = unreachable("the stream has ended")
        try:
            while (said := await call.read()) is not grpc.aio.EOF:
                self._tell(said)
        except grpc.RpcError as error:
            why = problem(error)
        except asyncio.CancelledError:  # by `close`
            pass
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(why)

    def _tell(self, said: pb.RemoveBackgroundStreamResponse) -> None:
        answer = self._waiting.get(said.id)
        if answer is None or answer.done():
            return
        if said.HasField("problem"):
            answer.set_exception(streamed_problem(said.problem))
        else:
            answer.set_result(cutout(said.result))
