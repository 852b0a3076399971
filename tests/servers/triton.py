"""Starts the real tritonserver on our model repository."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from gateway.models.triton import TritonBackend
from gateway.settings import Settings
from loadtest.ports import free_port
from serving.tritonserver import TritonServer, find_tritonserver


@dataclass
class Triton:
    """A running tritonserver, and a client of it."""

    server: TritonServer
    model: TritonBackend
    grpc_port: int
    metrics_url: str

    async def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that have these labels."""
        async with httpx.AsyncClient() as client:
            text = (await client.get(self.metrics_url)).text
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        series = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith(f"{name}{{"))
        return sum(float(v) for key, v in series if all(label in key for label in wanted))


@asynccontextmanager
async def running(
    work_dir: Path, traces_url: str = "", connection_age_s: float = 0.0
) -> AsyncIterator[Triton]:
    """Run a server until the block ends; it has answered once."""
    grpc_port, metrics_port = free_port(), free_port()
    server = TritonServer(
        find_tritonserver("", work_dir),
        Settings().model_repository,
        host="127.0.0.1",
        grpc_port=grpc_port,
        metrics_port=metrics_port,
        cache_dir=work_dir / "cache",
        traces_url=traces_url,
        connection_age_s=connection_age_s,
    )
    server.start()
    model = TritonBackend(f"127.0.0.1:{grpc_port}", "isnet-test")
    try:
        async with asyncio.timeout(300):
            while not await model.ready():
                assert server.is_alive
                await asyncio.sleep(0.2)
        yield Triton(server, model, grpc_port, f"http://127.0.0.1:{metrics_port}/metrics")
    finally:
        await model.close()
        await asyncio.to_thread(server.stop)
