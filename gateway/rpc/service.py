"""BackgroundRemovalService: see protos/clearbg/v1/background_removal_service.proto."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import models_pb2

from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller
from gateway.bulk.services import BulkServices
from gateway.limits.receive_slots import ReceiveSlots
from gateway.models.listing import describe
from gateway.requests.handler import RequestHandler
from gateway.requests.payload import MAX_IMAGES
from gateway.rpc import messages
from gateway.rpc.bulk.calls import BulkCalls
from gateway.rpc.call import Call, Context
from gateway.rpc.execute import execute
from gateway.rpc.reader import Reader
from gateway.rpc.stream import Stream
from gateway.settings import Settings
from serving import manifest

NAME = pb.DESCRIPTOR.services_by_name["BackgroundRemovalService"].full_name
OVERHEAD_BYTES = 2**16
"""Strings and tags around the images of a message."""
STREAM_WAIT_S = 0.1
"""Timeout for a receive slot; short, since streams hold theirs for long."""


def max_message_bytes(settings: Settings) -> int:
    """Return the limit of a request, with room for an image that the core rejects as too large."""
    tensor_bytes = 3 * _side(settings) ** 2
    return max(MAX_IMAGES * settings.max_image_bytes, tensor_bytes) + OVERHEAD_BYTES


def _side(settings: Settings) -> int:
    """Return the side of the default model, which is not open yet when the port is bound."""
    try:
        return manifest.read(settings.model_dir).network.side
    except manifest.ModelNotBuilt:
        return manifest.SIDE  # the service then ends with an error that says so


class Service:
    """Executes the calls of the service.

    On the wire a unary call is a stream of one message, and is served as one: so the key is checked
    before the image is read, and an answer counts as memory until the client has received it.

    Args:
        handler: executes the requests.
        authenticator: checks API keys.
        bulk: receives and controls bulk jobs; None without bulk routes.
        settings: the limits.
    """

    def __init__(
        self,
        handler: RequestHandler,
        authenticator: Authenticator,
        bulk: BulkServices | None,
        settings: Settings,
    ) -> None:
        self._request_handler, self._authenticator = handler, authenticator
        self._settings = settings
        slots = settings.max_upload_bytes_in_flight // max_message_bytes(settings)
        self._streams = ReceiveSlots(slots, "streams are open")
        self._streams_end, self._reading_ends = asyncio.Event(), asyncio.Event()
        self._reader = Reader(slots, settings.request_timeout_s, self._reading_ends)
        unary: dict[str, Callable[[Call, Caller], Awaitable[None]]] = {
            "RemoveBackground": self._remove,
            "SegmentTensor": self._segment,
            "ListModels": self._list_models,
        }
        if bulk:
            max_s = settings.grpc_max_call_s
            unary |= BulkCalls(bulk, self._reader, max_watch_s=max_s).methods
        self._methods = {name: _as_one_request(serve) for name, serve in unary.items()}
        self._methods["RemoveBackgroundStream"] = self._stream

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return the handlers of all methods."""
        return grpc.method_handlers_generic_handler(
            NAME, {name: self._handler(name, serve) for name, serve in self._methods.items()}
        )

    def end_streams(self) -> None:
        """Let all streams end once the images that they have read are answered."""
        self._streams_end.set()

    def end_reading(self) -> None:
        """Let all calls end whose message has not arrived."""
        self._reading_ends.set()

    def _handler(
        self, name: str, serve: Callable[[Call], Awaitable[None]]
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        async def handle(_: object, context: Context) -> None:
            call = Call(
                context,
                self._authenticator,
                self._request_handler.memory,
                self._settings.proxy_networks,
            )
            await call.run(f"/{NAME}/{name}", serve)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _remove(self, call: Call, caller: Caller) -> None:
        deadline = self._request_handler.deadline(call.time_left_s())
        request = await self._reader.only(call, caller, messages.decode_request, deadline.left_s)
        done, options = await execute(self._request_handler, caller, request, deadline)
        del request  # free megabytes while the answer is being sent
        response = messages.encode_answer(pb.RemoveBackgroundResponse(), done, options)
        del done
        await call.write(response)

    async def _segment(self, call: Call, caller: Caller) -> None:
        deadline = self._request_handler.deadline(call.time_left_s())
        image = await self._reader.only(call, caller, messages.decode_tensor, deadline.left_s)
        with self._request_handler.memory.admit(len(image)):
            remover = self._request_handler.remover
            done = await remover.segment(image, caller=caller, deadline=deadline)
        await call.write(messages.encode_mask(done).SerializeToString())

    async def _list_models(self, call: Call, caller: Caller) -> None:
        await self._reader.only(call, caller, models_pb2.ListModelsRequest.FromString)
        known = describe(self._request_handler.remover.models, caller.key.models)
        response = models_pb2.ListModelsResponse(
            models=[models_pb2.ServedModel(**fields) for fields in known]
        )
        await call.write(response.SerializeToString())

    async def _stream(self, call: Call) -> None:
        key = await call.check_key()
        async with self._streams.slot(key.id, STREAM_WAIT_S):
            await Stream(call, self._request_handler, self._settings, self._streams_end).run()


def _as_one_request(
    serve: Callable[[Call, Caller], Awaitable[None]],
) -> Callable[[Call], Awaitable[None]]:
    """Authenticate and count a call as one request; in a stream, each image is one."""

    async def serve_request(call: Call) -> None:
        async with call.request() as caller:
            await serve(call, caller)

    return serve_request
