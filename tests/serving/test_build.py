"""A build that is interrupted or corrupted never leaves a half-model that loads."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving import manifest
from serving.build import BUILDING
from serving.cpu_runtime import CpuRuntime
from serving.manifest import ModelNotBuilt
from serving.weights import Weights


@pytest.fixture
def copy(model_dir: Path, tmp_path: Path) -> Path:
    """A copy of the built model that a test may break."""
    folder = tmp_path / "isnet" / "1"
    shutil.copytree(model_dir, folder, ignore=shutil.ignore_patterns("*.pt", f"{BUILDING}*"))
    return folder


def test_a_whole_model_loads(copy: Path) -> None:
    assert CpuRuntime(copy).version.startswith("isnet")


@pytest.mark.parametrize("name", ["isnet.bin", "isnet.xml"])
def test_a_file_that_was_altered_or_cut_short_does_not_load(copy: Path, name: str) -> None:
    path = copy / name
    data = bytearray(path.read_bytes())
    for damaged in (data[:-1], data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]):
        path.write_bytes(damaged)
        with pytest.raises(ModelNotBuilt, match=name):
            CpuRuntime(copy)
    path.unlink()
    with pytest.raises(ModelNotBuilt, match=name):
        CpuRuntime(copy)


@pytest.mark.parametrize("text", ["", "{}", '{"version": "1"', "[]"])
def test_a_damaged_manifest_loads_nothing(copy: Path, text: str) -> None:
    (copy / manifest.FILE_NAME).write_text(text)
    with pytest.raises(ModelNotBuilt, match="damaged"):
        CpuRuntime(copy)


def test_a_build_that_is_killed_leaves_no_model(source: Weights, tmp_path: Path) -> None:
    settings = {"CLEARBG_MODEL_REPOSITORY": tmp_path, "CLEARBG_WEIGHTS": source.path.resolve()}
    folder = tmp_path / "isnet" / "1"
    build = subprocess.Popen(
        [Path(sys.executable).with_name("clearbg"), "model", "build"],
        env=os.environ | {name: str(value) for name, value in settings.items()},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list(folder.glob(f"{BUILDING}*/model.pt")):
        assert build.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    build.send_signal(signal.SIGKILL)
    build.wait()
    with pytest.raises(ModelNotBuilt, match="make model"):
        CpuRuntime(folder)
