"""Two versions of the real model, on a real tritonserver and on the CPU of this process."""

import shutil
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from gateway.models.factory import open_models
from gateway.models.model import Inference, Priority
from gateway.models.models import ServedModel
from gateway.settings import Settings
from loadtest.ports import free_port
from serving import manifest
from serving.precision import resolve_precision
from tests.reduced_model import REDUCED_REPOSITORY
from tests.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    repository = tmp_path / "repository"
    shutil.copytree(REDUCED_REPOSITORY, repository)
    second = repository / "isnet" / "2"
    shutil.copytree(repository / "isnet" / "1", second)
    replace(manifest.read(second), precision="f32").write(second)
    ports = {name: free_port() for name in ("triton_grpc_port", "triton_metrics_port")}
    return Settings(
        model_repository=repository,
        data_dir=tmp_path,
        model_version=1,
        canary="2:100",
        **ports,  # type: ignore[arg-type]
    )


async def infer(served: ServedModel) -> Inference:
    async with served.model.slot(priority=Priority.INTERACTIVE, timeout_s=300) as slot:
        return await slot.infer(np.zeros((1024, 1024, 3), np.uint8))


@pytest.mark.parametrize("triton", ["off", "embedded"])
async def test_both_versions_are_served_and_named(settings: Settings, triton: str) -> None:
    expected = [resolve_precision(each, "auto", has_int8=False) for each in ("auto", "f32")]
    async with open_models(settings.model_copy(update={"triton": triton})) as models:
        served = [models.default, models.version_for("account 1", models.default)]
        if triton == "embedded":
            for each in served:
                await wait_for_triton(each)
        done = [await infer(each) for each in served]
        base = models.default.version
        assert [each.model_version for each in done] == [f"{base}-{name}" for name in expected]
        assert {each.device for each in done} == {"triton-cpu" if triton == "embedded" else "cpu"}
        if triton == "embedded":
            url = f"http://127.0.0.1:{settings.triton_metrics_port}/metrics"
            async with httpx.AsyncClient() as client:
                text = (await client.get(url)).text
            for version in ("1", "2"):
                assert f'nv_inference_count{{model="isnet",version="{version}"}}' in text


async def wait_for_triton(served: ServedModel) -> None:
    """Wait until Triton has loaded a version, which until then another backend stands in for."""
    await until(lambda: served.model.health.failing_s is None, 300)
