"""Two services that are restarted one after the other under steady requests: nobody notices."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import httpx
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub

from gateway.client import AsyncClient
from loadtest.ports import free_port
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import Service, running
from tests.servers import proxies
from tests.servers.proxies import Proxy, Replica
from tests.waiting import wait_until

DRAIN_S = 8.0
"""Longer than Envoy needs to notice, and than a connection may be idle."""


UNLIMITED = {"rate_limit_requests_per_minute": 0, "rate_limit_megapixels_per_minute": 0}


@dataclass
class Traffic:
    """Clients that send one request after the other, without retries, until the block ends."""

    key: str
    stopping: threading.Event = field(default_factory=threading.Event)
    answered: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    thread: threading.Thread | None = None

    def stop(self) -> None:
        """Send nothing more, and wait for the last answers."""
        self.stopping.set()
        assert self.thread
        self.thread.join()

    async def _repeat(self, name: str, request: Callable[[], Awaitable[object]]) -> None:
        self.answered[name] = 0
        while not self.stopping.is_set():
            try:
                await request()
                self.answered[name] += 1
            except Exception as error:
                self.failed.append(f"{name}: {error!r} {getattr(error, 'slug', '')}")
            await asyncio.sleep(0.02)

    async def send(
        self, clients: dict[str, AsyncClient], http: httpx.AsyncClient, direct: grpc.aio.Channel
    ) -> None:
        photo, stub = PHOTO.read_bytes(), BackgroundRemovalServiceStub(direct)

        async def by_http() -> None:
            answer = await http.post("/v1/removebg", files={"image": photo})
            answer.raise_for_status()

        async def by_own_balancing() -> None:
            message = pb.RemoveBackgroundRequest(image=photo)
            await stub.RemoveBackground(message, metadata=(("x-api-key", self.key),))

        requests: dict[str, Callable[[], Awaitable[object]]] = {
            "http": by_http,
            "balanced grpc": by_own_balancing,
        }
        for name, client in clients.items():
            method = client.remove_streamed if name.startswith("stream") else client.remove
            requests[name] = lambda method=method: method(photo)  # type: ignore[misc]
        await asyncio.gather(*(self._repeat(*each) for each in requests.items()))

    def wait_for_more(self) -> None:
        """Wait until every client has been answered a few more times, or something has failed."""
        before = dict(self.answered)
        wait_until(
            lambda: (
                bool(self.failed)
                or all(self.answered[name] >= count + 3 for name, count in before.items())
            )
        )


@contextmanager
def traffic(proxy: Proxy, replicas: list[Replica], key: str) -> Iterator[Traffic]:
    """Send until the block ends: through the proxy, and balanced by a gRPC client itself."""
    sent = Traffic(key)
    targets = ",".join(f"127.0.0.1:{each.grpc_port}" for each in replicas)

    async def run() -> None:
        async with (
            httpx.AsyncClient(
                base_url=proxy.http_url, headers={"X-API-Key": key}, timeout=120
            ) as http,
            AsyncClient(proxy.grpc_url, key, attempts=1, timeout_s=120) as unary,
            AsyncClient(proxy.grpc_url, key, attempts=3, timeout_s=120) as stream,
            grpc.aio.insecure_channel(
                f"ipv4:{targets}", [("grpc.lb_policy_name", "round_robin")]
            ) as direct,
        ):
            await sent.send({"grpc": unary, "stream": stream}, http, direct)

    sent.thread = threading.Thread(target=lambda: asyncio.run(run()))
    sent.thread.start()
    try:
        yield sent
    finally:
        sent.stop()


def test_nobody_notices_that_two_services_restart_one_after_the_other(tmp_path: Path) -> None:
    replicas = [Replica(free_port(), free_port(), free_port()) for _ in range(2)]
    database = f"sqlite:///{tmp_path / 'shared.db'}"

    def start(number: int) -> AbstractContextManager[Service]:
        folder = tmp_path / str(number)
        folder.mkdir(exist_ok=True)
        ports = vars(replicas[number])
        settings = {"database_url": database, "drain_s": DRAIN_S, "mask_cache_mb": 64}
        return running(folder, **UNLIMITED, **settings, **ports)

    with ExitStack() as stack:
        services = [stack.enter_context(start(number)) for number in range(2)]
        key = services[0].api_key
        proxy = stack.enter_context(proxies.balancing(replicas))
        sent = stack.enter_context(traffic(proxy, replicas, key))
        wait_until(lambda: len(sent.answered) == 4)
        sent.wait_for_more()
        for number in range(2):
            services[number].process.send_signal(signal.SIGTERM)
            assert services[number].process.wait(300) == 0
            sent.wait_for_more()
            stack.enter_context(start(number))
            sent.wait_for_more()
        sent.stop()
    assert sent.failed == [], sent.answered
