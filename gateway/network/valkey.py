"""Connections to the Valkey or Redis that replicas share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

MAX_CONNECTIONS = 16
"""A call takes a fraction of a millisecond: more connections would only slow the store down."""


class BadStoreUrl(ValueError):
    """The URL of a store cannot be used. The message names the setting."""


def connection_pool(url: str, *, setting: str, connect_timeout_s: float) -> "ConnectionPool":
    """Return connections to a store, none of them open yet. A call that fails is not repeated.

    Args:
        url: `redis://…` or `valkey://…`; with TLS `rediss://…` or `valkeys://…`.
        setting: where it is from, for the error.
        connect_timeout_s: seconds for opening a connection.

    Raises:
        BadStoreUrl: the URL is malformed.
    """
    from redis.asyncio import ConnectionPool  # here, since importing it takes a tenth of a second
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        return ConnectionPool.from_url(
            url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
            socket_connect_timeout=connect_timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise BadStoreUrl(f"{setting} cannot be used: {error}") from error
