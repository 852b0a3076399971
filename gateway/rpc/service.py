"""BackgroundRemovalService: see protos/clearbg/v1/background_removal_service.proto."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.accounts.gate import Gate
from gateway.errors import BadRequest, DeadlineExceeded, Overloaded
from gateway.orders.sent import MAX_IMAGES
from gateway.orders.work import Work
from gateway.rpc import messages, wire
from gateway.rpc.call import Call, Context
from gateway.rpc.carried import carried_out
from gateway.rpc.stream import Stream
from gateway.settings import Settings
from serving.cpu_runtime import SIDE

Message = TypeVar("Message")

NAME = pb.DESCRIPTOR.services_by_name["BackgroundRemovalService"].full_name
TENSOR_BYTES = SIDE * SIDE * 3
OVERHEAD_BYTES = 2**16
"""Texts and tags around the images of a message."""
READ_WAIT_S = 2.0
"""For a place to read a message in."""


def max_message_bytes(settings: Settings) -> int:
    """Of a request. An image that is too large is refused by the core, which says why."""
    return max(MAX_IMAGES * settings.max_image_bytes, TENSOR_BYTES) + OVERHEAD_BYTES


class Service:
    """Makes of each call an order for the core.

    On the wire a unary call is a stream of one message, and is served as one: so the key is checked
    before the image is read, and an answer counts as memory until the caller has taken it.

    Args:
        work: is done here.
        gate: lets callers in.
        settings: the limits.
    """

    def __init__(self, work: Work, gate: Gate, settings: Settings) -> None:
        self._work, self._gate, self._settings = work, gate, settings
        # gRPC does not say how large a message is before it has been read. Calls and streams may
        # each fill half of the memory for uploads with messages that they are reading.
        halves = settings.max_upload_bytes_in_flight // max_message_bytes(settings) // 2
        self._readers = asyncio.Semaphore(max(1, halves))
        self._streams = asyncio.Semaphore(max(1, halves))
        self.stopping = asyncio.Event()
        """Set: streams read no further."""
        self._calls = 0
        self.idle = asyncio.Event()
        """Set while no call is in flight."""
        self.idle.set()

    def handlers(self) -> grpc.GenericRpcHandler:
        """What the server calls."""
        methods = {
            "RemoveBackground": self._remove,
            "RemoveBackgroundStream": self._stream,
            "SegmentTensor": self._segment,
        }
        return grpc.method_handlers_generic_handler(
            NAME, {name: self._handler(name, work) for name, work in methods.items()}
        )

    def _handler(
        self, name: str, work: Callable[[Call], Awaitable[None]]
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        async def handle(_: object, context: Context) -> None:
            call = Call(context, self._gate, self._work.memory, self._settings.proxy_networks)
            with self._in_flight():
                await call.run(f"/{NAME}/{name}", work)

        return grpc.stream_stream_rpc_method_handler(handle)

    @contextmanager
    def _in_flight(self) -> Iterator[None]:
        self._calls += 1
        self.idle.clear()
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                self.idle.set()

    async def _remove(self, call: Call) -> None:
        visit = await call.enter()
        request = await self._read(call, messages.received)
        result = await carried_out(self._work, call, visit, request)
        response = pb.RemoveBackgroundResponse()
        await call.write(wire.with_image(response, messages.result(result), result.data))

    async def _segment(self, call: Call) -> None:
        visit = await call.enter()
        image = await self._read(call, messages.tensor)
        with self._work.memory.admit(len(image)):
            done = await self._work.remover.segment(
                image, visit=visit, timeout_s=call.time_left_s()
            )
        await call.write(messages.mask(done).SerializeToString())

    async def _stream(self, call: Call) -> None:
        await call.check_key()
        if self._streams.locked():
            raise Overloaded("Too many streams are open.", READ_WAIT_S)
        async with self._streams:
            await Stream(call, self._work, self._settings, self.stopping).run()

    async def _read(self, call: Call, decode: Callable[[bytes], Message]) -> Message:
        """The one message of a unary call."""
        limit_s = self._settings.request_timeout_s
        async with self._reading():
            try:
                async with asyncio.timeout(limit_s):
                    request = await call.read(decode)
            except TimeoutError as error:
                raise DeadlineExceeded(limit_s) from error
        if request is None:
            raise BadRequest("Send one message.")
        return request

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(READ_WAIT_S):
                await self._readers.acquire()
        except TimeoutError as error:
            raise Overloaded("Too many messages are being read.", READ_WAIT_S) from error
        try:
            yield
        finally:
            self._readers.release()
