import os
import sys
from asyncio import BaseEventLoop
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
from PIL import Image

from gateway.accounts import authenticator
from tests import reduced_model
from tests.reduced_model import FULL_REPOSITORY, REDUCED_REPOSITORY

# No deadlines: machines are shared. `make fuzz` asks for the large one.
hypothesis.settings.register_profile("small", max_examples=60, deadline=None)
hypothesis.settings.register_profile("large", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("small")

Make = Callable[..., bytes]

REAL_FOLDERS = {"browser", "bulk", "clients", "containers", "end_to_end", "serving"}
"""All their tests are `real`; elsewhere the tests say so themselves."""
ENGINE = "tests.engine"
"""Audited where tests start the engine of bulk jobs: it has a dozen threads and a database."""
REAL = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", ENGINE}
ROOT = str(Path(__file__).parents[1])
MODEL_FILES = ("isnet.bin", ".onnx")
_unit_test = ""
"""The id of the unit test that runs now; empty: another test runs, or none."""


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    """Keep unit tests from what makes a test `real`: `make test-unit` is to take seconds."""
    if _unit_test and (event in REAL or event == "open" and _is_model(arguments[0])):
        raise AssertionError(
            f"{_unit_test} starts a process, reads the model or runs bulk jobs: "
            "mark it with @pytest.mark.real"
        )


def _is_model(path: object) -> bool:
    return str(path).endswith(MODEL_FILES) and str(path).startswith(ROOT)


sys.addaudithook(_audit)


_call_soon_threadsafe: Any = BaseEventLoop.call_soon_threadsafe


def _drop_late_grpc_events(loop: BaseEventLoop, callback: Any, *args: Any, **more: Any) -> Any:
    """Drop events of gRPC for event loops that tests have closed: grpc.aio polls for all loops."""
    if loop.is_closed() and "grpc" in (getattr(callback, "__module__", None) or ""):
        return None
    return _call_soon_threadsafe(loop, callback, *args, **more)


setattr(BaseEventLoop, "call_soon_threadsafe", _drop_late_grpc_events)  # noqa: B010 (for mypy)


def pytest_configure(config: pytest.Config) -> None:
    """Have everything that the tests start use the reduced model; it is built if it can be."""
    os.environ["CLEARBG_MODEL_REPOSITORY"] = str(REDUCED_REPOSITORY)
    is_worker = hasattr(config, "workerinput")  # of xdist: the first process has built it
    if not is_worker and any(FULL_REPOSITORY.glob("isnet/1/*.xml")):
        reduced_model.build()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put real tests first: several workers end together when the short ones come last."""
    for item in items:
        if REAL_FOLDERS & set(item.path.parts):
            item.add_marker("real")
    items.sort(key=lambda item: item.get_closest_marker("real") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    global _unit_test
    _unit_test = "" if item.get_closest_marker("real") else item.nodeid
    try:
        return (yield)
    finally:
        _unit_test = ""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    global _unit_test
    _unit_test = ""  # the last test's teardown stops the servers that other tests have shared
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def patient_key_lookups() -> None:
    """Let the lookup of a key take a minute: on a busy machine 3 s were once too few."""
    authenticator.CHECK_TIMEOUT_S = 60.0


@pytest.fixture
def photo() -> Make:
    """Makes an encoded picture: a gradient, so that no row or column equals another."""

    def make(width: int = 64, height: int = 48, format_: str = "PNG", **options: object) -> bytes:
        rows, columns = np.indices((height, width))
        levels = (
            columns * 255 // max(1, width - 1),
            rows * 255 // max(1, height - 1),
            rows * 0 + 128,
        )
        out = BytesIO()
        Image.fromarray(np.dstack(levels).astype(np.uint8)).save(out, format_, **options)
        return out.getvalue()

    return make
