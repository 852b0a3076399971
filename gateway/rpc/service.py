"""BackgroundRemovalService: see protos/clearbg/v1/background_removal_service.proto."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.accounts.gate import Gate
from gateway.bulk.intake import Intake
from gateway.bulk.uploads import Uploads
from gateway.orders.sent import MAX_IMAGES
from gateway.orders.work import Work
from gateway.places import Places
from gateway.rpc import messages, wire
from gateway.rpc.bulk.calls import BulkCalls
from gateway.rpc.call import Call, Context
from gateway.rpc.carried import carried_out
from gateway.rpc.reader import Reader
from gateway.rpc.stream import Stream
from gateway.settings import Settings
from serving.cpu_runtime import SIDE

NAME = pb.DESCRIPTOR.services_by_name["BackgroundRemovalService"].full_name
TENSOR_BYTES = SIDE * SIDE * 3
OVERHEAD_BYTES = 2**16
"""Texts and tags around the images of a message."""
STREAM_WAIT_S = 0.1
"""For a place to read in: streams do not give theirs back soon."""


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
        intake: takes bulk jobs in; None where there are none.
        settings: the limits.
    """

    def __init__(self, work: Work, gate: Gate, intake: Intake | None, settings: Settings) -> None:
        self._work, self._gate, self._settings = work, gate, settings
        places = settings.max_upload_bytes_in_flight // max_message_bytes(settings)
        self._streams = Places(places, "streams are open")
        self.stopping = asyncio.Event()
        """Set: nothing more is read."""
        self._reader = Reader(places, settings.request_timeout_s, self.stopping)
        self._methods = {
            "RemoveBackground": self._remove,
            "RemoveBackgroundStream": self._stream,
            "SegmentTensor": self._segment,
        }
        if intake:
            uploads = Uploads(intake, work.memory, settings)
            self._methods |= BulkCalls(intake, uploads, self._reader).methods

    def handlers(self) -> grpc.GenericRpcHandler:
        """What the server calls."""
        return grpc.method_handlers_generic_handler(
            NAME, {name: self._handler(name, work) for name, work in self._methods.items()}
        )

    def _handler(
        self, name: str, work: Callable[[Call], Awaitable[None]]
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        async def handle(_: object, context: Context) -> None:
            call = Call(context, self._gate, self._work.memory, self._settings.proxy_networks)
            await call.run(f"/{NAME}/{name}", work)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _remove(self, call: Call) -> None:
        visit = await call.enter()
        left_s = self._clock(call)
        request = await self._reader.only(call, visit, messages.received, left_s())
        result = await carried_out(self._work, visit, request, left_s())
        del request  # megabytes, which nobody needs while the answer waits to be taken
        response = wire.with_image(
            pb.RemoveBackgroundResponse(), messages.result(result), result.data
        )
        del result
        await call.write(response)

    async def _segment(self, call: Call) -> None:
        visit = await call.enter()
        left_s = self._clock(call)
        image = await self._reader.only(call, visit, messages.tensor, left_s())
        with self._work.memory.admit(len(image)):
            done = await self._work.remover.segment(image, visit=visit, timeout_s=left_s())
        await call.write(messages.mask(done).SerializeToString())

    async def _stream(self, call: Call) -> None:
        key = await call.check_key()
        async with self._streams.place(key.id, STREAM_WAIT_S):
            await Stream(call, self._work, self._settings, self.stopping).run()

    def _clock(self, call: Call) -> Callable[[], float]:
        """Seconds that are left, from now on: to the caller's deadline or to the service's own."""
        theirs_s, ours_s = call.time_left_s(), self._settings.request_timeout_s
        limit_s = ours_s if theirs_s is None else min(theirs_s, ours_s)
        started = time.perf_counter()
        return lambda: limit_s - (time.perf_counter() - started)
