"""A tritonserver of its own replaces its clients' connections, so that they find new servers."""

import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from gateway.models.model import Priority
from tests.servers.triton import Triton, running

AGE_S = 1.0
TIMEOUT_S = 300


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.real
async def test_connections_are_replaced_without_a_failed_image(tmp_path: Path) -> None:
    image = np.zeros((1024, 1024, 3), np.uint8)
    async with running(tmp_path, connection_age_s=AGE_S) as triton:
        seen: set[int] = set()
        deadline = time.monotonic() + TIMEOUT_S
        while len(seen) < 4 and time.monotonic() < deadline:
            await triton.model.infer(image, priority=Priority.INTERACTIVE, timeout_s=TIMEOUT_S)
            seen |= _client_ports(triton)
    assert len(seen) >= 4


def _client_ports(triton: Triton) -> set[int]:
    """The ports at which clients of the server's gRPC port are connected."""
    return {
        connection.raddr.port
        for connection in psutil.net_connections("tcp")
        if connection.laddr and connection.laddr.port == triton.grpc_port and connection.raddr
    }
