"""The whole service as `make run` starts it, to be put under load."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtest.ports import free_port
from tests.end_to_end.service import Service, running

TRITON_START_TIMEOUT_S = 90
UNLIMITED = {"rate_limit_requests_per_minute": 0, "rate_limit_megapixels_per_minute": 0}


@contextmanager
def service(data_dir: Path, **settings: object) -> Iterator[Service]:
    """Run it until the block ends, with a key without limits, once Triton answers.

    CLEARBG_TRITON says where the model runs; where there is no Triton, in the gateway.
    """
    chosen = {
        "triton": os.environ.get("CLEARBG_TRITON", "embedded"),
        "triton_grpc_port": free_port(),
        "triton_metrics_port": free_port(),
        **UNLIMITED,
        **settings,
    }
    with running(data_dir, **chosen) as made:
        _until_triton_answers(made)
        yield made


def _until_triton_answers(made: Service) -> None:
    deadline = time.monotonic() + TRITON_START_TIMEOUT_S
    while made.metric("clearbg_breaker_open") and time.monotonic() < deadline:
        time.sleep(0.5)
