"""A build that is interrupted or corrupted never leaves an incomplete model that can be loaded."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from gateway.settings import Settings
from serving import manifest, openvino_ir
from serving.build import BUILD_PREFIX, build, can_export
from serving.cpu_runtime import CpuRuntime
from serving.errors import ToolsMissing, WeightsError
from serving.manifest import ModelNotBuilt, Precision
from serving.precision import is_supported
from serving.weights import Weights

pytestmark = pytest.mark.real

CPU_FILES = ["isnet.bin", "isnet.xml", "isnet_int8.bin", "isnet_int8.xml"]


@pytest.fixture
def onnx(source: Weights) -> str:
    if source.path.suffix != ".onnx":
        pytest.skip("needs ONNX weights")
    return str(source.path.resolve())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "repository" / "isnet" / "1"


@pytest.fixture
def copy(settings: Settings, folder: Path) -> Path:
    """Return a copy of the built model that a test may damage."""
    ignored = shutil.ignore_patterns("*.pt", f"{BUILD_PREFIX}*")
    shutil.copytree(settings.model_dir, folder, ignore=ignored)
    return folder


def clearbg(onnx: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    chosen = {"CLEARBG_MODEL_REPOSITORY": folder.parents[1], "CLEARBG_WEIGHTS": onnx}
    return subprocess.Popen(
        [Path(sys.executable).with_name("clearbg"), *arguments],
        env=os.environ | {name: str(value) for name, value in chosen.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_build_for_cpus_does_not_import_torch(onnx: str, folder: Path, store: Path) -> None:
    built = build(onnx, store, folder)
    assert "torch" not in sys.modules
    assert sorted(built.artifacts) == CPU_FILES
    assert built == manifest.verify(folder, *CPU_FILES)
    assert CpuRuntime(folder).version.startswith(f"{built.version}-")


def test_files_of_an_earlier_build_are_removed(onnx: str, folder: Path, store: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("model.pt", "model.py"):
        (folder / name).touch()
    build(onnx, store, folder)
    remaining = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    assert sorted(remaining) == sorted([*CPU_FILES, manifest.FILE_NAME, "model.py"])


def test_a_network_that_cannot_segment_a_disc_is_rejected(
    onnx: str, folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blank(path: Path, building: Path) -> None:
        image = ops.parameter([1, 1024, 1024, 3], np.uint8)
        mask = ops.reduce_max(ops.transpose(image, [0, 3, 1, 2]), [1, 2, 3], keep_dims=True)
        same = ops.broadcast(mask, [1, 1, 1024, 1024])
        openvino.save_model(openvino.Model([same], [image]), str(building / "isnet.xml"))

    monkeypatch.setattr(openvino_ir, "from_onnx", blank)
    with pytest.raises(WeightsError, match="disc"):
        build(onnx, store, folder)
    assert [path.name for path in folder.iterdir()] == []


@pytest.mark.skipif(can_export(), reason="the `model` extra is installed")
def test_a_build_that_needs_torch_says_so(
    onnx: str, folder: Path, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "weights.pth").touch()
    with pytest.raises(ToolsMissing, match="make model"):
        build(str(tmp_path / "weights.pth"), store, folder)
    with pytest.raises(ToolsMissing, match="make model"):
        build(onnx, store, folder, torchscript=True)


def test_the_command_prints_each_step_and_the_built_files(onnx: str, folder: Path) -> None:
    out, err = clearbg(onnx, folder, "model", "build", "--no-torchscript").communicate(timeout=600)
    steps = [line.partition(":")[0] for line in err.splitlines()]
    assert steps == ["Fetching the weights", "Building for CPUs (OpenVINO)", "Testing the model"]
    again, _ = clearbg(onnx, folder, "model", "show").communicate(timeout=600)
    assert out == again
    for name, artifact in manifest.read(folder).artifacts.items():
        assert name in out
        assert artifact.sha256[:12] in out
    assert "make model" in out


def test_two_concurrent_builds_leave_a_complete_model(onnx: str, folder: Path) -> None:
    both = [clearbg(onnx, folder, "model", "build", "--no-torchscript") for _ in range(2)]
    for process in both:
        _, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
    assert CpuRuntime(folder).version


def test_a_build_that_is_killed_leaves_no_model(onnx: str, folder: Path) -> None:
    process = clearbg(onnx, folder, "model", "build", "--no-torchscript")
    deadline = time.monotonic() + 600
    while not list(folder.glob(f"{BUILD_PREFIX}*/isnet.xml")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with pytest.raises(ModelNotBuilt, match="clearbg model build"):
        CpuRuntime(folder)


@pytest.mark.parametrize("name", CPU_FILES)
def test_a_file_that_was_altered_or_truncated_does_not_load(copy: Path, name: str) -> None:
    precision: Precision = "int8" if "int8" in name else "f32"
    if not is_supported(precision):
        pytest.skip("this CPU has no VNNI")
    path = copy / name
    data = bytearray(path.read_bytes())
    for damaged in (data[:-1], data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]):
        path.write_bytes(damaged)
        with pytest.raises(ModelNotBuilt, match=name):
            CpuRuntime(copy, precision=precision)
    path.unlink()
    with pytest.raises(ModelNotBuilt, match=name):
        CpuRuntime(copy, precision=precision)


@pytest.mark.parametrize("text", ["", "{}", '{"version": "1"', "[]"])
def test_a_model_with_a_damaged_manifest_does_not_load(copy: Path, text: str) -> None:
    (copy / manifest.FILE_NAME).write_text(text)
    with pytest.raises(ModelNotBuilt, match="damaged"):
        CpuRuntime(copy)
