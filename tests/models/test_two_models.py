"""Two models side by side by one real tritonserver: IS-Net, and a small one that is much faster."""

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from tritonclient.grpc.aio import InferenceServerClient

from gateway import home
from gateway.models import factory
from gateway.models.failover import Failover
from gateway.models.model import Inference, Priority
from gateway.models.models import Models
from gateway.models.scheduler import Scheduler
from gateway.settings import Settings
from loadtest.ports import free_port
from serving import add, manifest
from serving.cpu_runtime import CpuRuntime
from serving.new_model import NewModel
from serving.presets import PRESETS
from tests import networks
from tests.networks import photo
from tests.waiting import until

pytestmark = pytest.mark.real

SIDE = 320
TIMEOUT_S = 300.0


@dataclass
class Service:
    """The models, and the masks of the sample photo that each has alone."""

    models: Models
    alone: dict[str, NDArray[np.uint8]]
    address: str

    async def infer(self, name: str) -> Inference:
        chosen = self.models.choose(name)
        priority = Priority.INTERACTIVE
        async with chosen.model.slot(priority=priority, timeout_s=TIMEOUT_S) as slot:
            inference = await slot.infer(photo(chosen.side))
        assert np.array_equal(inference.mask, self.alone[name])
        return inference

    async def wait_for_triton(self, name: str) -> None:
        """Wait without images, which would slow down the server's start."""
        scheduler = self.models.choose(name).model
        assert isinstance(scheduler, Scheduler)
        failover = scheduler.backend
        assert isinstance(failover, Failover)
        await until(lambda: failover.open_since is None, TIMEOUT_S)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("two")
    settings = Settings(
        data_dir=folder,
        model_repository=folder / "repository",
        triton="embedded",
        triton_grpc_port=free_port(),
        triton_metrics_port=free_port(),
    )
    _fill(settings.model_repository, folder)
    alone = {}
    for name, side in (("isnet", manifest.SIDE), ("small", SIDE)):
        runtime = CpuRuntime(settings.model_repository / name / "1")
        alone[name] = runtime.infer(photo(side))
    async with factory.open_models(settings) as models:
        service = Service(models, alone, f"127.0.0.1:{settings.triton_grpc_port}")
        for name in alone:
            await service.wait_for_triton(name)
        yield service


def _fill(repository: Path, folder: Path) -> None:
    repository.mkdir()
    (repository / "isnet").symlink_to(Settings().model_repository / "isnet")
    digest = networks.write(folder / "small.onnx", side=SIDE, sigmoid=True)
    network = replace(PRESETS["u2net"].network, side=SIDE)
    add.add(
        NewModel("small", "Small", str(folder / "small.onnx"), digest, network, "MIT"),
        repository,
        store=folder,
        templates=home.configurations() / "isnet",
        photo=home.sample_photo(),
    )


async def test_under_mixed_load_both_answer_right_and_neither_waits_for_all_of_the_other(
    service: Service,
) -> None:
    order: list[str] = []

    async def infer(name: str) -> None:
        assert (await service.infer(name)).device == "triton-cpu"
        order.append(name)

    await asyncio.gather(*(infer("isnet") for _ in range(3)), *(infer("small") for _ in range(12)))
    last = len(order) - order[::-1].index("isnet") - 1
    assert order[:last].count("small") >= 2, "they take turns, though the slow images came first"
    assert "isnet" in order[:12]


async def test_unloading_one_leaves_the_other(service: Service) -> None:
    async with InferenceServerClient(service.address) as client:
        await client.unload_model("small")
        assert (await service.infer("small")).device == "cpu"
        assert (await service.infer("isnet")).device == "triton-cpu"
        await client.load_model("small")
    await service.wait_for_triton("small")
    assert (await service.infer("small")).device == "triton-cpu"


async def test_while_triton_is_dead_the_fallback_has_both(service: Service) -> None:
    servers = [
        process
        for process in psutil.Process().children(recursive=True)
        if process.name() == "tritonserver"
    ]
    for server in servers:
        server.send_signal(signal.SIGKILL)
    answers = await asyncio.gather(service.infer("small"), service.infer("isnet"))
    assert [answer.device for answer in answers] == ["cpu", "cpu"]
    versions = [answer.model_version for answer in answers]
    for name, version in zip(("small", "isnet"), versions, strict=True):
        await service.wait_for_triton(name)
        assert (await service.infer(name)).model_version == version
