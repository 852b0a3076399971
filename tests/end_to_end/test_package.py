"""The wheel in an environment of its own and an empty folder: no repository, npm, make or torch."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from loadtest.ports import free_port
from serving.weights import Weights
from tests.build.conftest import settings, source
from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.end_to_end.service import ROOT, wait_for

__all__ = ["settings", "source"]

MAX_WHEEL_BYTES = 3_000_000
UV = ROOT / "scripts" / "uv.sh"


def uv(*arguments: object) -> None:
    done = subprocess.run([UV, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@dataclass
class Installed:
    """A user who has installed the wheel, and nothing else."""

    clearbg: Path
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.clearbg, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the service inside the block, which gets the line to paste."""
        log = self.folder.parent / "service.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [self.clearbg, "serve", "--welcome"],
                cwd=self.folder,
                env=self.environment,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        try:
            yield wait_for(log, r"curl .*", process)
        finally:
            process.terminate()
            try:
                process.wait(300)
            finally:
                process.kill()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it asks for, at the versions that are tested."""
    folder = tmp_path_factory.mktemp("package")
    uv("build", "--wheel", "--python", ".uv/bin/python", "--out-dir", folder)
    (wheel,) = folder.glob("*.whl")
    uv("venv", "--python", ".uv/bin/python", folder / "env")
    uv("pip", "install", "--python", folder / "env", "-c", "requirements/all.lock", wheel)
    return folder / "env"


@pytest.fixture
def user(environment: Path, source: Weights, tmp_path: Path) -> Installed:
    folder = tmp_path / "empty folder"
    folder.mkdir()
    ports = ("HTTP_PORT", "GRPC_PORT", "OPERATIONS_PORT")
    return Installed(
        environment / "bin" / "clearbg",
        folder,
        {
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "XDG_DATA_HOME": str(tmp_path / "share"),
            "CLEARBG_WEIGHTS": str(source.path),  # need not come over the network again
            **{f"CLEARBG_{name}": str(free_port()) for name in ports},
        },
    )


def assert_guide(url: str) -> None:
    """The guide of the service has every page and picture of the repository's."""
    for path in sorted((ROOT / "docs").glob("*.md")):
        page = httpx.get(f"{url}/docs/{path.stem}")
        assert page.status_code == 200, path
        for picture in re.findall(r'src="(/docs/pictures/[^"]+)"', page.text):
            assert httpx.get(url + picture).headers["content-type"].startswith("image/")


def test_it_serves_and_its_curl_line_works_when_pasted(user: Installed) -> None:
    with user.serving() as curl:
        pasted = subprocess.run(
            ["bash", "-ec", curl], cwd=user.folder, capture_output=True, text=True, timeout=300
        )
        assert_guide(f"http://127.0.0.1:{user.environment['CLEARBG_HTTP_PORT']}")
    assert pasted.returncode == 0, pasted.stderr
    assert_cut_out((user.folder / "cutout.png").read_bytes())
    assert [path.name for path in user.folder.iterdir()] == ["cutout.png"]
    repository = user.folder.parent / "share" / "clearbg" / "model_repository" / "isnet"
    ours = ROOT / "model_repository" / "isnet"
    for name in ("config.pbtxt", "configs/cpu.pbtxt", "1/model.py"):
        assert (repository / name).read_bytes() == (ours / name).read_bytes()
    assert not list(repository.rglob("*.pt"))


def test_it_cuts_out_a_photo_and_builds_the_model_once(user: Installed) -> None:
    shutil.copy(PHOTO, user.folder / "photo.jpg")
    first = user.run("remove", "photo.jpg")
    assert first.returncode == 0, first.stderr
    assert_cut_out((user.folder / "photo-cutout.png").read_bytes())
    assert "building it" in first.stderr
    assert "photo-cutout.png" in first.stdout
    assert "building" not in user.run("remove", "photo.jpg").stderr


def test_the_wheel_is_small_and_carries_of_docs_only_the_guide(environment: Path) -> None:
    (wheel,) = environment.parent.glob("*.whl")
    assert wheel.stat().st_size <= MAX_WHEEL_BYTES
    (packaged,) = environment.glob("lib/python*/site-packages/gateway/packaged/docs")
    kinds = {path.suffix for path in packaged.iterdir() if path.is_file()}
    assert kinds <= {".md", ".toml", ".jpg", ".png"}


def test_the_package_requires_neither_torch_nor_test_tools(environment: Path) -> None:
    installed = {path.name for path in environment.glob("lib/python*/site-packages/*")}
    assert "openvino" in installed
    assert not installed & {"torch", "pytest", "scipy", "sklearn", "matplotlib", "onnxruntime"}


def test_unavailable_weights_are_reported_in_one_line(user: Installed) -> None:
    user.environment["CLEARBG_WEIGHTS"] = "nowhere.onnx"
    done = user.run("serve")
    assert done.returncode == 1
    assert re.search(r"^clearbg: CLEARBG_WEIGHTS .*nowhere\.onnx", done.stderr, re.M)
    assert "Traceback" not in done.stderr


def test_an_embedded_triton_needs_its_extra(user: Installed) -> None:
    user.environment |= {"CLEARBG_TRITON": "embedded"}
    done = user.run("serve")
    assert done.returncode == 1
    assert "pip install 'clearbg[triton]'" in done.stderr


def test_a_repository_that_was_set_is_left_alone(user: Installed) -> None:
    user.environment |= {"CLEARBG_MODEL_REPOSITORY": "mine"}
    done = user.run("serve")
    assert done.returncode == 1
    assert "clearbg model build" in done.stderr
    assert not (user.folder / "mine").exists()
