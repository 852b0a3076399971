"""Removal requests over gRPC, all on one stream: responses are matched to requests by their id."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from grpc import aio

from gateway.client.cutout import Cutout
from gateway.client.grpc_messages import (
    cutouts,
    has_slug,
    problem,
    removal_message,
    streamed_problem,
)
from gateway.client.problem import Problem, client_closed, timed_out
from gateway.client.removal_request import RemovalRequest

Metadata = tuple[tuple[str, str], ...]


class StreamBroken(Exception):
    """The stream ended without an error of the service: which image caused it is unknown."""


@dataclass
class _PendingImage:
    message: pb.RemoveBackgroundStreamRequest = field(repr=False)
    sent: asyncio.Future[None]
    result: asyncio.Future[list[Cutout]]

    def fail(self, error: Exception) -> None:
        for future in (self.sent, self.result):
            if not future.done():
                future.set_exception(error)
                future.exception()  # marks it as retrieved: the caller awaits only one of the two


class Stream:
    """Opens a stream when there is an image to send, and a new one after that has ended.

    One task does all writes: a caller that is cancelled must not cancel a write, which would end
    the stream for all.

    Args:
        stub: of the service, for this event loop.
        metadata: of the call.
        timeout_s: seconds for each image from the end of its write, which flow control may delay.
    """

    def __init__(self, stub: Any, metadata: Metadata, timeout_s: float) -> None:
        self._stub, self._metadata, self._timeout_s = stub, metadata, timeout_s
        self._ids = itertools.count()
        self._unsent: asyncio.Queue[_PendingImage] = asyncio.Queue()
        self._in_flight: dict[str, _PendingImage] = {}
        self._call: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def remove(self, request: RemovalRequest) -> list[Cutout]:
        """Send a request on the stream, and wait for its cut-outs.

        Raises:
            Problem: the service rejects the request, or does not answer in time.
            StreamBroken: the stream ended before the result of this image arrived.
        """
        if self._closed:
            raise client_closed()
        loop = asyncio.get_running_loop()
        id_ = str(next(self._ids))
        message = pb.RemoveBackgroundStreamRequest(id=id_, request=removal_message(request))
        image = _PendingImage(message, loop.create_future(), loop.create_future())
        self._unsent.put_nowait(image)
        self._writer = self._writer or asyncio.create_task(self._write())
        try:
            await image.sent
            async with asyncio.timeout(self._timeout_s):
                return await image.result
        except TimeoutError as error:
            raise timed_out(self._timeout_s) from error
        finally:
            self._in_flight.pop(id_, None)
            image.result.cancel()

    async def close(self) -> None:
        """End the stream; calls in progress fail with a Problem."""
        self._closed = True
        if self._call:
            self._call.cancel()
        tasks = [task for task in (self._writer, self._reader) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fail_all(client_closed)
        while not self._unsent.empty():
            self._unsent.get_nowait().fail(client_closed())

    async def _write(self) -> None:
        while True:
            image = await self._unsent.get()
            if image.result.done():
                continue  # its caller has been cancelled
            if self._reader is None or self._reader.done():
                self._call = self._stub.RemoveBackgroundStream(metadata=self._metadata)
                self._reader = asyncio.create_task(self._read(self._call))
            self._in_flight[image.message.id] = image
            try:
                await self._call.write(image.message)
            except (grpc.RpcError, aio.BaseError, asyncio.InvalidStateError):
                await asyncio.wait([self._reader])  # the reader fails all images with the cause
            if not image.sent.done():
                image.sent.set_result(None)
            image.message.Clear()

    async def _read(self, call: Any) -> None:
        new_error: Callable[[], Exception] = StreamBroken
        try:
            while (response := await call.read()) is not aio.EOF:
                self._settle(response)
        except grpc.RpcError as error:
            if has_slug(error):
                new_error = _copies_of(problem(error))
        finally:
            self._fail_all(new_error)

    def _fail_all(self, new_error: Callable[[], Exception]) -> None:
        for image in self._in_flight.values():
            image.fail(new_error())
        self._in_flight.clear()

    def _settle(self, response: pb.RemoveBackgroundStreamResponse) -> None:
        """Give a response to the caller that awaits it."""
        image = self._in_flight.get(response.id)
        if image is None or image.result.done():
            return
        if response.HasField("problem"):
            image.result.set_exception(streamed_problem(response.problem))
        else:
            image.result.set_result(cutouts(response))


def _copies_of(error: Problem) -> Callable[[], Problem]:
    """Return a function that copies the error: callers must not share one exception object."""
    return lambda: Problem(
        error.slug,
        str(error),
        retry_after_s=error.retry_after_s,
        request_id=error.request_id,
    )
