"""The whole service as `make run` starts it, to be put under load."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from loadtest.ports import free_port
from tests.end_to_end.service import Service, running

TRITON_START_TIMEOUT_S = 90
UNLIMITED = {"rate_limit_requests_per_minute": 0, "rate_limit_megapixels_per_minute": 0}


@contextmanager
def ready_service(data_dir: Path, **settings: object) -> Iterator[Service]:
    """Run a service without rate limits until the block ends, which begins when Triton answers."""
    with listening_service(data_dir, **settings) as service:
        _wait_for_triton(service)
        yield service


def listening_service(data_dir: Path, **settings: object) -> AbstractContextManager[Service]:
    """Do the same, but begin the block when the service listens.

    The model runs where CLEARBG_TRITON says (default: in an embedded Triton), or without Triton in
    the gateway.
    """
    settings = {
        "triton": os.environ.get("CLEARBG_TRITON", "embedded"),
        "triton_grpc_port": free_port(),
        "triton_metrics_port": free_port(),
        **UNLIMITED,
        **settings,
    }
    return running(data_dir, **settings)


def _wait_for_triton(service: Service) -> None:
    deadline = time.monotonic() + TRITON_START_TIMEOUT_S
    while service.metric("clearbg_breaker_open") and time.monotonic() < deadline:
        time.sleep(0.5)
