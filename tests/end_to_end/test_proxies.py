"""nginx and Envoy in front, as configured in deploy/proxies."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.client import AsyncClient, Client, Problem
from gateway.concurrency import concurrently
from loadtest.service_process import ServiceProcess, stored_mask_service
from tests.servers import proxies
from tests.servers.proxies import Proxy

MB = 2**20
Photo = Callable[..., bytes]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    folder: Path = tmp_path_factory.mktemp("proxied")
    settings = {"trusted_proxies": "127.0.0.1", "rate_limit_wrong_keys_per_minute": 2}
    with stored_mask_service(folder, **settings) as service:
        yield service


@pytest.fixture(scope="module", params=proxies.PROXIES)
def proxy(request: pytest.FixtureRequest, service: ServiceProcess) -> Iterator[Proxy]:
    with proxies.running(request.param, service.http_url, service.grpc_target) as proxy:
        yield proxy


@pytest.fixture(params=["http", "grpc"])
def url(request: pytest.FixtureRequest, proxy: Proxy) -> str:
    return {"http": proxy.http_url, "grpc": proxy.grpc_url}[request.param]


def test_large_images_pass(url: str, service: ServiceProcess, photo: Photo) -> None:
    large = photo(2700, 2500, "PNG", compress_level=0)
    assert 19 * MB < len(large) < 25 * MB
    with Client(url, service.key) as client:
        assert client.remove(large).width == 2700


def test_errors_keep_their_details(url: str, service: ServiceProcess) -> None:
    with Client(url, service.key) as client, pytest.raises(Problem, match="readable") as refused:
        client.remove(b"x")
    assert refused.value.slug == "bad-image"
    assert refused.value.request_id


def test_many_images_pass_on_one_stream(
    proxy: Proxy, service: ServiceProcess, photo: Photo
) -> None:
    image = photo(900, 700, "PNG", compress_level=0)

    async def stream() -> list[int]:
        async with AsyncClient(proxy.grpc_url, service.key, attempts=1) as client:

            async def one(_: int) -> int:
                return (await client.remove_streamed(image)).width

            return [width async for _, width in concurrently(range(30), one, at_once=8)]

    assert asyncio.run(stream()) == [900] * 30


def test_guessing_keys_is_limited_behind_a_proxy_too(
    url: str, service: ServiceProcess, photo: Photo
) -> None:
    slugs = []
    for _ in range(4):
        with Client(url, "cbg_wrong", attempts=1) as client:
            with pytest.raises(Problem) as refused:
                client.remove(photo())
            slugs.append(refused.value.slug)
    assert slugs[-1] == "rate-limited"
    with Client(url, service.key) as client:  # keys that work are not shut out
        assert client.remove(photo()).width == 64
