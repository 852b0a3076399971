"""What users paste: the line that `make run` prints, and the guide's snippets."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.end_to_end.service import ROOT, Service

PAGES = ("quick-start", "clients", "grpc")
NODE_PACKAGES = ("node-fetch@3.3.2", "form-data@4.0.4")


def snippet(language: str, service: Service, about: str = "/v1/removebg") -> str:
    """The guide's snippet in a language, sent to this service with its key."""
    pages = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in PAGES)
    blocks = re.findall(rf"```{language}\n(.*?)```", pages, re.S)
    found: str
    (found,) = (block for block in blocks if about in block)
    return (
        found.replace("http://127.0.0.1:8080", service.url)
        .replace("127.0.0.1:50051", service.grpc_url.removeprefix("grpc://"))
        .replace("'YOUR_API_KEY'", f"'{service.api_key}'")
        .replace('YOUR_API_KEY"', f'{service.api_key}"')
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a user works: with a photo named as in the snippets."""
    shutil.copy(PHOTO, tmp_path / "input.jpg")
    return tmp_path


def run(command: list[str], folder: Path, **environment: str) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment or None, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_printed_curl_line_works_when_pasted(service: Service, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    run(["bash", "-ec", service.curl], tmp_path)
    assert_cut_out((tmp_path / "cutout.png").read_bytes())


def test_curl(service: Service, folder: Path) -> None:
    run(["bash", "-ec", snippet("sh", service)], folder)
    assert_cut_out((folder / "output.png").read_bytes())


def test_python(service: Service, folder: Path) -> None:
    (folder / "snippet.py").write_text(snippet("python", service))
    run([sys.executable, "snippet.py"], folder)
    assert_cut_out((folder / "output.png").read_bytes())


def test_the_python_client(service: Service, folder: Path) -> None:
    (folder / "snippet.py").write_text(snippet("python", service, "gateway.client"))
    run([sys.executable, "snippet.py"], folder)
    assert_cut_out((folder / "output.png").read_bytes())


def test_grpcurl(service: Service, folder: Path) -> None:
    search = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    run(["bash", "-ec", snippet("sh", service, "grpcurl")], folder, PATH=search)
    assert_cut_out((folder / "output.png").read_bytes())


def test_node(service: Service, folder: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "npm is needed: install Node.js"
    (folder / "snippet.mjs").write_text(snippet("js", service))
    run([npm, "install", "--silent", "--no-audit", "--no-fund", *NODE_PACKAGES], folder)
    node = str(Path(npm).with_name("node"))
    run([node, "snippet.mjs"], folder, CLEARBG_API_KEY=service.api_key)
    assert_cut_out((folder / "output.png").read_bytes())
