"""What all clients share: the arguments, and closing at the end of a block."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self, TypedDict
from urllib.parse import urlsplit


class ConnectionSettings(TypedDict, total=False):
    """The optional arguments of every client; see Connection."""

    timeout_s: float
    attempts: int
    ca_file: str


@dataclass(frozen=True)
class Connection:
    """Where a service is, and how a client calls it.

    Args:
        url: URL of the service: scheme, host and port.
        key: an API key.
        timeout_s: seconds that one attempt may take.
        attempts: attempts per call, at least 1. Retried are errors with a Retry-After, after the
            time it gives, and broken connections, after growing pauses.
        ca_file: path of the PEM certificates to trust; empty: the system's.

    Raises:
        ValueError: the key contains characters that no API key contains.
    """

    url: str
    key: str = field(repr=False)
    timeout_s: float = 60.0
    attempts: int = 5
    ca_file: str = ""

    def __post_init__(self) -> None:
        # HTTP and gRPC cannot send such keys, and their own errors would quote the secret.
        if not (self.key.isascii() and self.key.isprintable() and self.key == self.key.strip()):
            raise ValueError("the API key contains characters that no API key contains")

    def scheme(self, supported: Collection[str], hint: str) -> str:
        """Return the URL's scheme.

        Args:
            supported: the schemes that the client supports.
            hint: ends the error message.

        Raises:
            ValueError: the URL has another scheme, or no host.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in supported or not parts.netloc:
            raise ValueError(f"{self.url!r}: {hint}")
        return parts.scheme


class AsyncCloseable:
    """Closes itself at the end of an `async with` block."""

    async def close(self) -> None:
        """Close all connections."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()
