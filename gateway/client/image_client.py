"""Clients for single images: one for threads, one for an event loop."""

from collections.abc import Sequence
from typing import Self, Unpack

from tenacity import Retrying

from gateway.client.connection import AsyncCloseable, Connection, ConnectionSettings
from gateway.client.cutout import Cutout
from gateway.client.grpc_transport import AsyncGrpcTransport, GrpcTransport
from gateway.client.http_transport import AsyncHttpTransport, HttpTransport
from gateway.client.removal_request import RemovalOptions, RemovalRequest
from gateway.client.retries import policy, with_retries

TRANSPORTS: dict[str, type[HttpTransport] | type[GrpcTransport]] = {
    "http": HttpTransport,
    "https": HttpTransport,
    "grpc": GrpcTransport,
    "grpcs": GrpcTransport,
}
ASYNC_TRANSPORTS: dict[str, type[AsyncHttpTransport] | type[AsyncGrpcTransport]] = {
    "http": AsyncHttpTransport,
    "https": AsyncHttpTransport,
    "grpc": AsyncGrpcTransport,
    "grpcs": AsyncGrpcTransport,
}
URL_HINT = "give a URL such as grpc://host:50051 or http://host:8080"


class Client:
    """A client that several threads may share.

    Args:
        url: `grpc://host:50051` or `http://host:8080`; with TLS `grpcs://` or `https://`.
        key: an API key.
        **settings: `timeout_s`, `attempts` and `ca_file`; see Connection.

    Raises:
        ValueError: the URL or the key is malformed.
    """

    def __init__(self, url: str, key: str, **settings: Unpack[ConnectionSettings]) -> None:
        self._connection = Connection(url, key, **settings)
        scheme = self._connection.scheme(TRANSPORTS, URL_HINT)
        self._transport = TRANSPORTS[scheme](self._connection)

    def remove(self, image: bytes, **options: Unpack[RemovalOptions]) -> Cutout:
        """Cut the foreground out of an image.

        Args:
            image: the encoded image.
            **options: the options of docs/options.md, by the same names.

        Raises:
            Problem: the service rejects the request, or does not answer.
            TypeError: `image` is not bytes, or an option does not exist.
        """
        return self._remove(RemovalRequest(image, options))[0]

    def remove_variants(
        self,
        image: bytes,
        variants: Sequence[RemovalOptions],
        **options: Unpack[RemovalOptions],
    ) -> list[Cutout]:
        """Return several cut-outs of an image, which is segmented and charged once.

        Args:
            image: the encoded image.
            variants: the options of each cut-out, at most 10; what one leaves out is as in
                `options`. The model, the region of interest and files are in `options` alone.
            **options: of all of them.

        Raises:
            Problem, TypeError: as `remove` does.
        """
        return self._remove(RemovalRequest(image, options, variants))

    def _remove(self, request: RemovalRequest) -> list[Cutout]:
        retrying = Retrying(**policy(self._connection.attempts))
        return retrying(self._transport.remove, request)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class AsyncClient(AsyncCloseable):
    """The same client for one event loop, in which it must be created.

    Args:
        url: see Client.
        key: see Client.
        **settings: see Client.

    Raises:
        ValueError: see Client.
    """

    def __init__(self, url: str, key: str, **settings: Unpack[ConnectionSettings]) -> None:
        self._connection = Connection(url, key, **settings)
        scheme = self._connection.scheme(ASYNC_TRANSPORTS, URL_HINT)
        self._transport = ASYNC_TRANSPORTS[scheme](self._connection)

    async def remove(self, image: bytes, **options: Unpack[RemovalOptions]) -> Cutout:
        """See Client.remove."""
        return (await self._remove(RemovalRequest(image, options)))[0]

    async def remove_variants(
        self,
        image: bytes,
        variants: Sequence[RemovalOptions],
        **options: Unpack[RemovalOptions],
    ) -> list[Cutout]:
        """See Client.remove_variants."""
        return await self._remove(RemovalRequest(image, options, variants))

    async def remove_streamed(self, image: bytes, **options: Unpack[RemovalOptions]) -> Cutout:
        """Like `remove`; over gRPC, all concurrent calls of this method share one stream."""
        request = RemovalRequest(image, options)
        done = await with_retries(
            self._connection.attempts, self._transport.remove_streamed, request
        )
        return done[0]

    async def _remove(self, request: RemovalRequest) -> list[Cutout]:
        return await with_retries(self._connection.attempts, self._transport.remove, request)

    async def close(self) -> None:
        """Close all connections; calls in progress fail with a Problem."""
        await self._transport.close()
