"""Queries over gRPC, one a call."""

import asyncio
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub

from gateway.client.cutout import Cutout
from gateway.client.grpc_messages import cutout, problem, request
from gateway.client.grpc_stream import Stream, StreamBroken
from gateway.client.problem import closed
from gateway.client.query import Query

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.http2.max_frame_size", 2**20),  # fewer pieces than by 16 KiB
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
]


class Grpc:
    """One channel, for threads. See `over_http.Http` for the arguments."""

    def __init__(self, url: str, key: str, *, timeout_s: float, ca_file: str) -> None:
        self._channel = _channel(grpc, url, ca_file)
        self._stub = BackgroundRemovalServiceStub(self._channel)
        self._metadata, self._timeout_s = (("x-api-key", key),), timeout_s
        self._closed = False

    def remove(self, query: Query) -> Cutout:
        """See `over_http.Http`."""
        if self._closed:
            raise closed()
        try:
            answer: pb.RemoveBackgroundResponse = self._stub.RemoveBackground(
                request(query), metadata=self._metadata, timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise problem(error) from error
        return cutout(answer.result)

    def close(self) -> None:
        """Close the channel."""
        self._closed = True
        self._channel.close()


class AsyncGrpc:
    """The same, for one event loop."""

    def __init__(self, url: str, key: str, *, timeout_s: float, ca_file: str) -> None:
        self._channel = _channel(grpc.aio, url, ca_file)
        self._stub = BackgroundRemovalServiceStub(self._channel)
        self._metadata, self._timeout_s = (("x-api-key", key),), timeout_s
        self._stream = Stream(self._stub, self._metadata, timeout_s)
        self._closed = False

    async def remove(self, query: Query) -> Cutout:
        """See `over_http.Http`."""
        if self._closed:
            raise closed()
        try:
            answer = await self._stub.RemoveBackground(
                request(query), metadata=self._metadata, timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise problem(error) from error
        except asyncio.CancelledError:
            if self._closed:  # it was the call that was cancelled, and not the caller
                raise closed() from None
            raise
        return cutout(answer.result)

    async def remove_streamed(self, query: Query) -> Cutout:
        """The same, on one stream with all others that are under way.

        When the stream breaks, each image goes on by a call of its own: the one that broke it, too
        large for the service, fails alone then.
        """
        try:
            return await self._stream.remove(query)
        except StreamBroken:
            return await self.remove(query)

    async def close(self) -> None:
        """Close the channel."""
        self._closed = True
        await self._stream.close()
        await self._channel.close()


def _channel(kind: Any, url: str, ca_file: str) -> Any:
    """A channel of `grpc` or `grpc.aio`."""
    parts = urlsplit(url)
    if parts.scheme == "grpc":
        return kind.insecure_channel(parts.netloc, OPTIONS)
    # gRPC brings certificates of its own; the system's are what its user expects.
    path = ca_file or ssl.get_default_verify_paths().cafile
    roots = Path(path).read_bytes() if path else None
    return kind.secure_channel(parts.netloc, grpc.ssl_channel_credentials(roots), OPTIONS)
