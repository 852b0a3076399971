"""Opening the models of a repository, without running them."""

from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from gateway.errors import ModelUnavailable
from gateway.models import repository, triton_factory
from gateway.models.factory import _behind_one_queue
from gateway.models.model import Priority
from gateway.settings import Settings
from serving import manifest, precision
from serving.manifest import Artifact, Manifest
from tests.half_model import HalfModel


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a repository with two models, `a` and `b`, that have no files."""
    for name in ("a", "b"):
        write(tmp_path / name / "1", f"{name}-1")
    return Settings(model_repository=tmp_path, model="a", data_dir=tmp_path)


def write(folder: Path, version: str, declared: str = "auto") -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: Artifact("0" * 64, 1) for name in ("model.xml", "model.bin")}
    built = Manifest(version, "now", {}, "MIT", {}, files, {}, [], precision=declared)  # type: ignore[arg-type]
    built.write(folder)
    return built


@pytest.fixture
def no_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (repository, precision):
        monkeypatch.setattr(module, "is_supported", lambda name: name not in ("bf16", "int8"))


@pytest.mark.usefixtures("no_bf16")
def test_a_precision_that_this_cpu_lacks_leaves_out_only_its_model(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    built = write(settings.model_repository / "b" / "1", "b-1", "bf16")
    assert list(repository.loadable(settings, "cpu")) == ["a"]
    assert "b is left out" in caplog.text
    with pytest.raises(ValueError, match="b/1/manifest.json"):
        repository.loadable(settings.model_copy(update={"model": "b"}), "cpu")
    with pytest.raises(ValueError, match="manifest.json"):
        precision.resolve_precision(built.precision, "auto", has_int8=False)


@pytest.mark.usefixtures("no_bf16")
async def test_another_machine_may_have_the_precision(settings: Settings) -> None:
    built = write(settings.model_repository / "b" / "1", "b-1", "bf16")
    assert list(repository.loadable(settings, "")) == ["a", "b"]
    primary = triton_factory._primary(settings, "127.0.0.1:9", "b", built, None, is_alone=False)
    assert primary._precisions == {"triton-cpu": "bf16"}
    await primary.close()
    assert triton_factory._fallback(settings, "b", built) is None


async def test_a_model_that_was_replaced_is_not_loaded(settings: Settings) -> None:
    folder = settings.model_repository / "b" / "1"
    backend = repository.cpu_backend(settings, "b", manifest.read(folder))
    write(folder, "b-2")
    with pytest.raises(ModelUnavailable, match="restart the service"):
        await backend.infer(
            np.zeros((1024, 1024, 3), np.uint8), priority=Priority.INTERACTIVE, timeout_s=30
        )
    await backend.close()


def test_each_model_has_its_series_from_the_start(settings: Settings) -> None:
    _behind_one_queue({"a": HalfModel(), "b": HalfModel()}, settings)
    for name in ("a", "b"):
        for metric in ("clearbg_breaker_open", "clearbg_fallbacks_total"):
            assert REGISTRY.get_sample_value(metric, {"model": name}) == 0
