"""Removal requests over gRPC, one per call."""

import asyncio
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub

from gateway.client.connection import Connection
from gateway.client.cutout import Cutout
from gateway.client.grpc_messages import cutouts, problem, removal_message
from gateway.client.grpc_stream import Stream, StreamBroken
from gateway.client.problem import client_closed
from gateway.client.removal_request import RemovalRequest

CHANNEL_OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.http2.max_frame_size", 2**20),  # the default, 16 KiB, cuts images into many frames
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
]


class GrpcTransport:
    """One channel, for threads."""

    def __init__(self, connection: Connection) -> None:
        self._channel = _channel(grpc, connection)
        self._stub = BackgroundRemovalServiceStub(self._channel)
        self._metadata = (("x-api-key", connection.key),)
        self._timeout_s = connection.timeout_s
        self._closed = False

    def remove(self, request: RemovalRequest) -> list[Cutout]:
        """Send a request, once, and return its cut-outs: one, or that of each variant.

        Raises:
            Problem: the service rejects the request, or does not answer.
        """
        if self._closed:
            raise client_closed()
        try:
            response: pb.RemoveBackgroundResponse = self._stub.RemoveBackground(
                removal_message(request), metadata=self._metadata, timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise problem(error) from error
        return cutouts(response)

    def close(self) -> None:
        """Close the channel."""
        self._closed = True
        self._channel.close()


class AsyncGrpcTransport:
    """One channel, for one event loop."""

    def __init__(self, connection: Connection) -> None:
        self._channel = _channel(grpc.aio, connection)
        self._stub = BackgroundRemovalServiceStub(self._channel)
        self._metadata = (("x-api-key", connection.key),)
        self._timeout_s = connection.timeout_s
        self._stream = Stream(self._stub, self._metadata, connection.timeout_s)
        self._closed = False

    async def remove(self, request: RemovalRequest) -> list[Cutout]:
        """See GrpcTransport."""
        if self._closed:
            raise client_closed()
        try:
            response = await self._stub.RemoveBackground(
                removal_message(request), metadata=self._metadata, timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise problem(error) from error
        except asyncio.CancelledError:
            if self._closed:  # closing the channel cancels the call, not the task that awaits it
                raise client_closed() from None
            raise
        return cutouts(response)

    async def remove_streamed(self, request: RemovalRequest) -> list[Cutout]:
        """Like `remove`, on the one stream that all concurrent calls of this method share.

        When the stream breaks, each of its images is sent again by a call of its own: if one of
        them broke it, by being too large for the service, only that one fails.
        """
        try:
            return await self._stream.remove(request)
        except StreamBroken:
            return await self.remove(request)

    async def close(self) -> None:
        """Close the channel; calls in progress fail with a Problem."""
        self._closed = True
        await self._stream.close()
        await self._channel.close()


def _channel(module: Any, connection: Connection) -> Any:
    """Return a channel of the module `grpc` or `grpc.aio`."""
    parts = urlsplit(connection.url)
    if parts.scheme == "grpc":
        return module.insecure_channel(parts.netloc, CHANNEL_OPTIONS)
    # gRPC bundles certificates of its own; users expect the system's.
    path = connection.ca_file or ssl.get_default_verify_paths().cafile
    roots = Path(path).read_bytes() if path else None
    return module.secure_channel(parts.netloc, grpc.ssl_channel_credentials(roots), CHANNEL_OPTIONS)
