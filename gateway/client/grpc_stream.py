"""Queries over gRPC, all on one stream: answers find their way back by their id."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from grpc import aio

from gateway.client.cutout import Cutout
from gateway.client.grpc_messages import cutout, has_slug, problem, request, streamed_problem
from gateway.client.problem import Problem, closed, late
from gateway.client.query import Query

Metadata = tuple[tuple[str, str], ...]


class StreamBroken(Exception):
    """The stream ended, and the service did not say what this image has to do with that."""


@dataclass
class _Waiting:
    message: pb.RemoveBackgroundStreamRequest = field(repr=False)
    written: asyncio.Future[None]
    answer: asyncio.Future[Cutout]

    def end(self, error: Exception) -> None:
        for future in (self.written, self.answer):
            if not future.done():
                future.set_exception(error)
                future.exception()  # who waits for one of the two hears of it


class Stream:
    """Opens a stream when there is something to send, and another one when it has ended.

    One task writes: a caller that gives up must not cancel a write, which would end the stream.

    Args:
        stub: of the service, for this event loop.
        metadata: of the call.
        timeout_s: for each image, from when it has been taken: before, flow control holds it back.
    """

    def __init__(self, stub: Any, metadata: Metadata, timeout_s: float) -> None:
        self._stub, self._metadata, self._timeout_s = stub, metadata, timeout_s
        self._ids = itertools.count()
        self._unsent: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._sent: dict[str, _Waiting] = {}
        self._call: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def remove(self, query: Query) -> Cutout:
        """See `over_http.Http`.

        Raises:
            StreamBroken: after it was sent: what became of it is not known.
        """
        if self._closed:
            raise closed()
        loop = asyncio.get_running_loop()
        id_ = str(next(self._ids))
        message = pb.RemoveBackgroundStreamRequest(id=id_, request=request(query))
        waiting = _Waiting(message, loop.create_future(), loop.create_future())
        self._unsent.put_nowait(waiting)
        self._writer = self._writer or asyncio.create_task(self._write())
        try:
            await waiting.written
            async with asyncio.timeout(self._timeout_s):
                return await waiting.answer
        except TimeoutError as error:
            raise late(self._timeout_s) from error
        finally:
            self._sent.pop(id_, None)
            waiting.answer.cancel()

    async def close(self) -> None:
        """End the stream; what is under way is given up."""
        self._closed = True
        if self._call:
            self._call.cancel()
        tasks = [task for task in (self._writer, self._reader) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._end_all(closed)
        while not self._unsent.empty():
            self._unsent.get_nowait().end(closed())

    async def _write(self) -> None:
        while True:
            waiting = await self._unsent.get()
            if waiting.answer.done():
                continue  # given up before it was its turn
            if self._reader is None or self._reader.done():
                self._call = self._stub.RemoveBackgroundStream(metadata=self._metadata)
                self._reader = asyncio.create_task(self._read(self._call))
            self._sent[waiting.message.id] = waiting
            try:
                await self._call.write(waiting.message)
            except (grpc.RpcError, aio.BaseError, asyncio.InvalidStateError):
                await asyncio.wait([self._reader])  # it tells everybody why
            if not waiting.written.done():
                waiting.written.set_result(None)
            waiting.message.Clear()

    async def _read(self, call: Any) -> None:
        why: Callable[[], Exception] = StreamBroken
        try:
            while (said := await call.read()) is not aio.EOF:
                self._tell(said)
        except grpc.RpcError as error:
            if has_slug(error):
                why = _again(problem(error))
        finally:
            self._end_all(why)

    def _end_all(self, why: Callable[[], Exception]) -> None:
        for waiting in self._sent.values():
            waiting.end(why())
        self._sent.clear()

    def _tell(self, said: pb.RemoveBackgroundStreamResponse) -> None:
        waiting = self._sent.get(said.id)
        if waiting is None or waiting.answer.done():
            return
        if said.HasField("problem"):
            waiting.answer.set_exception(streamed_problem(said.problem))
        else:
            waiting.answer.set_result(cutout(said.result))


def _again(error: Problem) -> Callable[[], Problem]:
    """The same for everybody who waits, and yet an exception of their own."""
    return lambda: Problem(
        error.slug,
        str(error),
        retry_after_s=error.retry_after_s,
        request_id=error.request_id,
    )
