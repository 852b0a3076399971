"""Requests to URLs from callers cannot reach private networks."""

import asyncio
import contextlib
import ipaddress
import re
import socket
from typing import Any

import pytest
from aiohttp import web

from gateway.errors import BadUrl, FailedDownload, ImageTooLarge
from gateway.network.outbound import Outbound
from tests.servers.web import answering

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


async def fetch(
    url: str, *, allowed: Any = (), timeout_s: float = 5, max_bytes: int = 1000
) -> bytes:
    async with Outbound(allowed, timeout_s=timeout_s).session() as outbound:
        return await outbound.fetch(url, max_bytes=max_bytes)


async def hello(request: web.Request) -> web.Response:
    return web.Response(body=b"hello")


class RecordingOutbound(Outbound):
    """Records each address that was about to be connected to, and whether it was permitted."""

    def __init__(self, allowed: Any = (), timeout_s: float = 2) -> None:
        super().__init__(allowed, timeout_s=timeout_s)
        self.checked: list[tuple[str, bool]] = []

    def permits(self, address: str) -> bool:
        permitted = super().permits(address)
        self.checked.append((address, permitted))
        return permitted


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "[fe80::1]",
        "[fc00::1]",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
async def test_private_addresses_are_rejected_in_every_notation(host: str) -> None:
    outbound = RecordingOutbound()
    async with outbound.session():
        with pytest.raises(FailedDownload, match="public internet"):
            await outbound.fetch(f"http://{host}:1/", max_bytes=1000)
    assert outbound.checked
    assert not any(permitted for _, permitted in outbound.checked)


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "127.1", "１２７.0.0.1"])
async def test_unusual_spellings_of_an_address_are_rejected(host: str) -> None:
    reached = []

    async def record(request: web.Request) -> web.Response:
        reached.append(request)
        return web.Response(body=b"secret")

    async with answering(record) as address:
        with pytest.raises(BadUrl):
            await fetch(f"http://{host}:{address.rpartition(':')[2]}/")
    assert not reached


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"])
def test_public_addresses_are_permitted(address: str) -> None:
    assert Outbound((), timeout_s=1).permits(address)


async def test_an_allowed_network_can_be_reached() -> None:
    async with answering(hello) as address:
        assert await fetch(f"http://{address}/x.jpg", allowed=LOOPBACK) == b"hello"
        with pytest.raises(BadUrl):
            await fetch(f"http://{address}/x.jpg", allowed=(ipaddress.ip_network("10.0.0.0/8"),))


async def test_dns_rebinding_is_rejected_when_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first answer is public, all later ones are loopback: the connected address counts."""
    real, answers, reached = socket.getaddrinfo, iter(["192.88.99.1"]), []

    def rebinding(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host == "rebind.example":
            host = next(answers, "127.0.0.1")
        return real(host, port, *args, **kwargs)

    async def record(request: web.Request) -> web.Response:
        reached.append(request)
        return web.Response(body=b"secret")

    async with answering(record) as address:
        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        url = f"http://rebind.example:{address.rpartition(':')[2]}/"
        checked = []
        for _ in range(2):
            outbound = RecordingOutbound(timeout_s=1)
            async with outbound.session():
                with pytest.raises(FailedDownload):
                    await outbound.fetch(url, max_bytes=1000)
            checked += outbound.checked
    assert checked == [("192.88.99.1", True), ("127.0.0.1", False)]
    assert not reached


@pytest.mark.parametrize(
    ("location", "rejected"),
    [
        ("http://[::1]:{port}/", ["::1"]),
        ("http://169.254.169.254/", ["169.254.169.254"]),
        ("http://10.0.0.1/", ["10.0.0.1"]),
        ("file:///etc/passwd", []),
        ("http://", []),
    ],
)
async def test_redirects_are_checked(location: str, rejected: list[str]) -> None:
    """The first address is allowed, the target of the redirect is not."""

    async def redirect(request: web.Request) -> web.Response:
        port = str(request.url.port)
        return web.Response(status=302, headers={"Location": location.format(port=port)})

    async with answering(redirect) as address:
        outbound = RecordingOutbound(LOOPBACK)
        async with outbound.session():
            with pytest.raises(BadUrl):
                await outbound.fetch(f"http://{address}/", max_bytes=1000)
    assert outbound.checked[0] == ("127.0.0.1", True)
    assert outbound.checked[1:] == [(address, False) for address in rejected]


async def test_the_number_of_redirects_is_limited() -> None:
    async def loop(request: web.Request) -> web.Response:
        raise web.HTTPFound("/again")

    async with answering(loop) as address:
        with pytest.raises(BadUrl, match="redirects more than 3"):
            await fetch(f"http://{address}/", allowed=LOOPBACK)


async def test_downloading_a_huge_body_stops_at_the_limit(request: pytest.FixtureRequest) -> None:
    sent = []

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(100_000))
            sent.append(100_000)

    async with answering(endless) as address:
        with pytest.raises(ImageTooLarge):
            await fetch(f"http://{address}/", allowed=LOOPBACK, max_bytes=300_000)
    assert sum(sent) < 20_000_000


async def test_a_body_with_a_huge_content_length_is_not_read() -> None:
    async def huge(request: web.Request) -> web.Response:
        return web.Response(body=bytes(2000))

    async with answering(huge) as address:
        with pytest.raises(ImageTooLarge):
            await fetch(f"http://{address}/", allowed=LOOPBACK)


async def test_a_compressed_body_is_not_decompressed() -> None:
    """A few bytes of gzip could expand to gigabytes."""

    async def packed(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=b"\x1f\x8bpacked", headers={"Content-Encoding": "gzip"})

    async with answering(packed) as address:
        assert await fetch(f"http://{address}/", allowed=LOOPBACK) == b"\x1f\x8bpacked"


async def test_a_slow_body_ends_at_the_timeout() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionResetError):
            while True:
                await response.write(b".")
                await asyncio.sleep(0.05)
        return response

    async with answering(drip) as address:
        fetching = fetch(f"http://{address}/", allowed=LOOPBACK, timeout_s=0.3)
        with pytest.raises(BadUrl, match=re.escape("within 0.3 seconds")):
            await asyncio.wait_for(fetching, 60)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://a.b/c", "//a.b", "http://", "http://a b/", "http://[", "https://user:\x00@x"],
)
async def test_invalid_urls_are_rejected(url: str) -> None:
    with pytest.raises(BadUrl):
        await fetch(url)


async def test_an_error_status_is_no_image() -> None:
    async def missing(request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async with answering(missing) as address:
        with pytest.raises(BadUrl, match="404"):
            await fetch(f"http://{address}/", allowed=LOOPBACK)
