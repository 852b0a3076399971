"""tritonserver's log and flags on machines with and without a GPU."""

import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.settings import Settings
from serving import triton_log
from serving.tritonserver import Installation, TritonServer
from tests.servers.triton import running

GPU_LOG_LINES = [
    'E1127 10:00:00.000000 1 server.cc:241] "CudaDriverHelper has not been initialized."\n',
    "Error: Failed to initialize NVML\n",
]


@pytest.mark.real
async def test_a_machine_without_gpus_logs_nothing_about_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "triton")
    async with running(tmp_path):
        pass
    logged = caplog.text.lower()
    assert "successfully loaded 'isnet'" in logged
    for word in ("cuda", "nvml", "dcgm"):
        assert word not in logged


def test_messages_about_gpus_are_logged_only_on_machines_with_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "triton")
    triton_log.forward(GPU_LOG_LINES, device="cpu")
    assert not caplog.records
    triton_log.forward(GPU_LOG_LINES, device="gpu")
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_flags_that_turn_gpus_off_are_only_for_machines_without_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(Installation, "device", device)
    server = TritonServer(
        Installation(tmp_path / "tritonserver", tmp_path),
        tmp_path,
        host="127.0.0.1",
        grpc_port=1,
        metrics_port=2,
        cache_dir=tmp_path,
    )
    cpu_flags = {"--model-config-name=cpu", "--allow-gpu-metrics=false"}
    assert (cpu_flags <= set(server.command)) == (device == "cpu")


@pytest.mark.real
def test_a_missing_gpu_model_is_reported_with_the_command_that_builds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model was built for CPUs, and a GPU was added to the machine later."""
    folder = tmp_path / "isnet" / "1"
    folder.mkdir(parents=True)
    built = (Settings().model_dir / "manifest.json").read_text()
    (folder / "manifest.json").write_text(built.replace('"model_fp16.pt"', '"other.pt"'))
    monkeypatch.setenv("CLEARBG_MODEL_REPOSITORY", str(tmp_path))
    monkeypatch.setattr(Installation, "device", "gpu")
    done = CliRunner().invoke(app, ["triton"])
    assert done.exit_code == 1
    assert "clearbg model build --torchscript" in done.output
    done = CliRunner().invoke(app, ["doctor"])
    assert "clearbg model build --torchscript" in done.output
