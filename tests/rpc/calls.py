"""The tables' requests as gRPC says them, and both APIs around one core."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import options_pb2
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from google.rpc import error_details_pb2, status_pb2

from gateway.models.model import Model
from gateway.models.models import Models
from gateway.rpc.listener import Listener
from gateway.settings import Settings
from tests.rest.gateway import Gateway, serving

MAX_BYTES = 100 * 2**20
CHANNEL = [("grpc.max_receive_message_length", MAX_BYTES)]
PLAIN = (
    *("size", "bg_color", "roi", "crop_margin", "scale", "position", "model"),
    *("feather", "expand", "smooth", "keep", "erase"),
)
FILES = ("bg_image", "mask", "trimap")


@dataclass
class Both:
    """One core behind HTTP and gRPC, and a key."""

    http: Gateway
    port: int
    channel: grpc.aio.Channel
    stub: Any
    key: str

    async def call(self, request: pb.RemoveBackgroundRequest, key: str | None = None) -> Any:
        """One unary call."""
        return await self.stub.RemoveBackground(request, metadata=self.metadata(key))

    def metadata(self, key: str | None = None) -> tuple[tuple[str, str], ...]:
        """A call's."""
        return (("x-api-key", self.key if key is None else key),)


@asynccontextmanager
async def both(model: Model | Models, settings: Settings) -> AsyncIterator[Both]:
    """Serve on both transports until the block ends."""
    listener = Listener(settings.model_copy(update={"grpc_port": 0}))
    async with (
        serving(model, settings) as http,
        listener.running(
            http.handler, http.authenticator, http.handler.remover.models.default.model
        ),
        grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}", options=CHANNEL) as channel,
    ):
        key = http.client.headers["X-API-Key"]
        yield Both(http, listener.port, channel, BackgroundRemovalServiceStub(channel), key)


def message(sent: Mapping[str, Any]) -> pb.RemoveBackgroundRequest | None:
    """A request of HTTP's table; None if gRPC cannot say it."""
    files, data = sent.get("files", {}), sent.get("data", {})
    if set(sent) - {"files", "data", "headers"} or not isinstance(files, dict):
        return None
    if set(files) - {"image", *FILES} or "image" not in files:
        return None
    said = options({name: value for name, value in data.items() if name != "variants"})
    variants = variant_options(data.get("variants"))
    if said is None or variants is None:
        return None
    for name in set(files) & set(FILES):
        setattr(said, name, files[name])
    return pb.RemoveBackgroundRequest(image=files["image"], options=said, variants=variants)


def variant_options(text: str | None) -> list[options_pb2.Options] | None:
    """The variants of HTTP's table; None if gRPC cannot say them."""
    if text is None:
        return []
    try:
        variants = json.loads(text)
    except ValueError:
        return None
    if not isinstance(variants, list) or not all(isinstance(each, dict) for each in variants):
        return None
    said = [
        options({name: "true" if value is True else value for name, value in variant.items()})
        for variant in variants
    ]
    return [each for each in said if each is not None] if said and None not in said else None


def key_of(sent: Mapping[str, Any]) -> str | None:
    """The key of a request that has one of its own."""
    headers: Mapping[str, str] = sent.get("headers", {})
    return headers.get("X-API-Key")


def options(data: Mapping[str, Any]) -> options_pb2.Options | None:
    """The options of HTTP's table; None if gRPC cannot say them."""
    options = options_pb2.Options()
    for name, value in data.items():
        if name in PLAIN:
            setattr(options, name, value)
        elif name == "format":
            options.format = _enum(options_pb2.Format, f"FORMAT_{value}")
        elif name == "channels":
            options.channels = _enum(options_pb2.Channels, f"CHANNELS_{value}")
        elif name == "refine":
            options.refine = _enum(options_pb2.Refine, f"REFINE_{value}")
        elif name in ("crop", "invert") and value in ("1", "true"):
            setattr(options, name, True)
        elif name in ("shadow", "threshold"):
            setattr(options, name, float(value) if str(value).isdecimal() else float("nan"))
        else:
            return None
    return options


def _enum(kind: Any, name: str) -> Any:
    """The number of a name; one that nobody knows for a name that nobody knows."""
    return kind.Value(name.upper()) if name.upper() in kind.keys() else 99


async def details(error: grpc.aio.AioRpcError) -> dict[str, Any]:
    """The rich details of a status, by their type's name."""
    trailing = dict(error.trailing_metadata() or ())
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    found = {}
    for packed in status.details:
        name = packed.TypeName().rpartition(".")[2]
        found[name] = getattr(error_details_pb2, name)()
        packed.Unpack(found[name])
    return found
