"""The client: one for threads, one for an event loop."""

from types import TracebackType
from typing import Self, Unpack
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, Retrying

from gateway.client.cutout import Cutout
from gateway.client.over_grpc import AsyncGrpc, Grpc
from gateway.client.over_http import AsyncHttp, Http
from gateway.client.query import Asked, Query
from gateway.client.retries import policy

SCHEMES: dict[str, type[Http] | type[Grpc]] = {
    "http": Http,
    "https": Http,
    "grpc": Grpc,
    "grpcs": Grpc,
}
ASYNC_SCHEMES: dict[str, type[AsyncHttp] | type[AsyncGrpc]] = {
    "http": AsyncHttp,
    "https": AsyncHttp,
    "grpc": AsyncGrpc,
    "grpcs": AsyncGrpc,
}

TIMEOUT_S, ATTEMPTS = 60.0, 5


class Client:
    """A client for threads.

    Args:
        url: of the service: `grpc://host:50051`, `http://host:8080`; with TLS `grpcs://`, `https://`.
        key: an API key.
        timeout_s: for each attempt.
        attempts: for each image: refusals that may pass and broken connections are tried again,
            when the service says so, else after growing pauses.
        ca_file: PEM certificates to believe; default: the system's.

    Raises:
        ValueError: the URL is none of these, or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        ca_file: str = "",
    ) -> None:
        self._api = SCHEMES[_scheme(url)](url, checked(key), timeout_s=timeout_s, ca_file=ca_file)
        self._attempts = attempts

    def remove(self, image: bytes, **options: Unpack[Asked]) -> Cutout:
        """Cut the foreground out of an image.

        Args:
            image: the file.
            **options: as the README lists them.

        Raises:
            Problem: the service refuses, or does not answer.
        """
        return Retrying(**policy(self._attempts))(self._api.remove, Query(image, options))

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClient:
    """The same, for one event loop: build it there. See Client for the arguments."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        ca_file: str = "",
    ) -> None:
        self._api = ASYNC_SCHEMES[_scheme(url)](
            url, checked(key), timeout_s=timeout_s, ca_file=ca_file
        )
        # Copied for each call: it keeps a call's state between its awaits.
        self._retrying = AsyncRetrying(**policy(attempts))

    async def remove(self, image: bytes, **options: Unpack[Asked]) -> Cutout:
        """See Client."""
        return await self._retrying.copy()(self._api.remove, Query(image, options))

    async def remove_streamed(self, image: bytes, **options: Unpack[Asked]) -> Cutout:
        """The same; over gRPC on one stream with all others that are under way."""
        return await self._retrying.copy()(self._api.remove_streamed, Query(image, options))

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _scheme(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.netloc:
        raise ValueError(f"{url} is no URL such as grpc://host:50051 or http://host:8080")
    return parts.scheme


def checked(key: str) -> str:
    """Both transports can only send such keys, and complain by quoting them."""
    if not (key.isascii() and key.isprintable() and key == key.strip()):
        raise ValueError("the API key has letters that no key has")
    return key
