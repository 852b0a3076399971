"""Removal requests over HTTP."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from gateway.client.connection import Connection
from gateway.client.cutout import Cutout
from gateway.client.http_messages import cutouts, form
from gateway.client.problem import client_closed, timed_out, unreachable
from gateway.client.removal_request import RemovalRequest

PATH = "/v1/removebg"


class HttpTransport:
    """One connection pool, for threads. The timeout is that of each wait on the network."""

    def __init__(self, connection: Connection) -> None:
        self._timeout_s = connection.timeout_s
        self._client = httpx.Client(**httpx_arguments(connection))

    def remove(self, request: RemovalRequest) -> list[Cutout]:
        """Send a request, once, and return its cut-outs: one, or that of each variant.

        Raises:
            Problem: the service rejects the request, or does not answer.
        """
        with errors_as_problems(self._client, self._timeout_s):
            return cutouts(self._client.post(PATH, **form(request)))

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class AsyncHttpTransport:
    """One connection pool, for one event loop. The timeout is that of a whole attempt."""

    def __init__(self, connection: Connection) -> None:
        self._timeout_s = connection.timeout_s
        self._client = httpx.AsyncClient(**httpx_arguments(connection))

    async def remove(self, request: RemovalRequest) -> list[Cutout]:
        """See HttpTransport."""
        with errors_as_problems(self._client, self._timeout_s):
            async with asyncio.timeout(self._timeout_s):
                return cutouts(await self._client.post(PATH, **form(request)))

    remove_streamed = remove
    """HTTP has no streams: its requests share connections."""

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def httpx_arguments(connection: Connection) -> dict[str, Any]:
    """Return the arguments for `httpx.Client` and `httpx.AsyncClient`."""
    return {
        "base_url": connection.url,
        "headers": {"X-API-Key": connection.key},
        "timeout": connection.timeout_s,
        "verify": ssl.create_default_context(cafile=connection.ca_file or None),
        "limits": httpx.Limits(max_connections=None),
    }


@contextmanager
def errors_as_problems(
    client: httpx.Client | httpx.AsyncClient, timeout_s: float
) -> Iterator[None]:
    """Raise the errors of httpx as Problems.

    Raises:
        Problem: the client is closed, or the block times out or fails to get an answer.
    """
    if client.is_closed:
        raise client_closed()
    try:
        yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise timed_out(timeout_s) from error
    except httpx.RequestError as error:
        raise unreachable(error) from error
