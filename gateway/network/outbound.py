"""Sends HTTP requests to URLs from callers, only to the public internet (protection against SSRF).

The check is on the address that a socket is about to connect to. So it also covers names that
resolve to private addresses, unusual spellings of 127.0.0.1, redirects, and DNS rebinding.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.errors import BadUrl, FailedDownload, ImageTooLarge
from gateway.settings import Networks

MAX_REDIRECTS = 3
RESOLVER_THREADS = 8
MAX_RETRY_AFTER_DIGITS = 10
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that NAT64 translates to the IPv4 address in their last 32 bits (RFC 6052)."""

NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in ("64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96", "192.0.0.0/24")
)
"""Networks that Python counts as public: local NAT64 (RFC 8215), two kinds of addresses that
contain an IPv4 address (RFC 2765, RFC 4291), and protocol assignments (RFC 6890)."""

AddressInfo = tuple[int, int, int, str, tuple[object, ...]]
"""An item of what `socket.getaddrinfo` returns."""


class ForbiddenAddress(OSError):
    """The address is not public, and not in an allowed network."""


class Outbound:
    """Fetches images and sends webhooks. Use it inside `session`.

    Args:
        allowed: networks that may be reached although they are private.
        timeout_s: for one request, redirects included.
    """

    def __init__(self, allowed: Networks, *, timeout_s: float) -> None:
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator["Outbound"]:
        """Keep connections open inside the block."""
        resolver = _Resolver()
        connector = aiohttp.TCPConnector(
            limit=0, resolver=resolver, socket_factory=self._create_socket
        )
        try:
            async with aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a small answer could decompress to a huge one
                headers={"User-Agent": "ClearBG", "Accept-Encoding": "identity"},
            ) as self._session:
                yield self
        finally:
            await resolver.close()

    async def fetch(self, url: str, *, max_bytes: int) -> bytes:
        """Download a file.

        Raises:
            BadUrl: the URL is no valid http or https URL.
            FailedDownload: the server is not public, or does not answer with a file in time.
            ImageTooLarge: the file has more than `max_bytes`; the rest is not read.
        """
        async with self._request("GET", url, max_redirects=MAX_REDIRECTS) as answer:
            if answer.status != 200:
                raise FailedDownload(f"answered with status {answer.status}.")
            return await _read_body(answer, max_bytes)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, float | None]:
        """Send a POST request. Redirects are not followed, and the answer's body is not read.

        Returns:
            The status, and the seconds of a `Retry-After` header; None without a valid one.

        Raises:
            BadUrl, FailedDownload: as for `fetch`.
        """
        async with self._request(
            "POST", url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            return answer.status, _retry_after_s(answer.headers.get("Retry-After", ""))

    @asynccontextmanager
    async def _request(
        self, method: str, url: str, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if not url.lower().startswith(("http://", "https://")):
            raise BadUrl("must begin with http:// or https://.")
        assert self._session, "used outside of session"
        try:
            async with self._session.request(method, url, **options) as answer:
                yield answer
        except TimeoutError as error:
            raise FailedDownload(
                f"did not answer in full within {self._timeout_s:g} seconds."
            ) from error
        except aiohttp.TooManyRedirects as error:
            raise FailedDownload(f"redirects more than {MAX_REDIRECTS} times.") from error
        except aiohttp.InvalidURL as error:
            raise BadUrl("is no valid URL, or redirects to one that is not.") from error
        except (aiohttp.ClientError, ValueError) as error:
            # Without the reason: answers must not reveal which private addresses exist.
            raise FailedDownload("cannot be reached. It must be on the public internet.") from error

    def _create_socket(self, info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        if not self.permits(str(address[0])):
            raise ForbiddenAddress("not a public address")
        return socket.socket(family, kind, protocol)

    def permits(self, address: str) -> bool:
        """Return whether an IP address is public, or in an allowed network."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        return is_public(ip) or any(ip in network for network in self._allowed)


class _Resolver(AbstractResolver):
    """The system's resolver in its own threads: slow lookups must not block other work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, "resolver")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        loop = asyncio.get_running_loop()
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found, _, protocol, _, address in await loop.run_in_executor(self._threads, look_up)
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address is public, including an IPv4 address inside an IPv6 one."""
    if any(ip in network for network in NEVER_PUBLIC):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(inner)
        if ip.teredo or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


def _retry_after_s(header: str) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date; None if it is neither."""
    if header.isdecimal():
        return float(header) if len(header) < MAX_RETRY_AFTER_DIGITS else None
    try:
        until = parsedate_to_datetime(header)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


async def _read_body(answer: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (answer.content_length or 0) > max_bytes:
        raise ImageTooLarge(max_bytes)
    received = bytearray()
    async for chunk in answer.content.iter_any():
        received += chunk
        if len(received) > max_bytes:
            raise ImageTooLarge(max_bytes)
    return bytes(received)
