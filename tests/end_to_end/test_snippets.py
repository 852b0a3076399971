"""What users paste: the line that `make run` prints, and the first examples of the guide."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs import blocks, terminal
from tests.docs.blocks import RUN, Block
from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.end_to_end.service import ROOT, Service

PAGES = ("README", "quick-start", "clients", "grpc")
EXAMPLES = [
    block
    for page in PAGES
    for block in blocks.of_page(page)
    if block.language in RUN and "output.png" in block.text and "127.0.0.1" in block.text
]
NODE_PACKAGES = ("node-fetch@3.3.2", "form-data@4.0.4")


def run(command: list[str], folder: Path, **environment: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_printed_curl_line_works_when_pasted(service: Service, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    run(["bash", "-ec", service.curl], tmp_path)
    assert_cut_out((tmp_path / "cutout.png").read_bytes())


@pytest.mark.parametrize(
    "block", [block for block in EXAMPLES if not block.reason], ids=lambda block: block.where
)
def test_an_example_cuts_out(block: Block, service: Service, tmp_path: Path) -> None:
    terminal.run([block], tmp_path, service)
    assert_cut_out((tmp_path / "output.png").read_bytes())


def test_node_with_packages(service: Service, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "npm is needed: install Node.js"
    shutil.copy(PHOTO, tmp_path / "input.jpg")
    (block,) = (block for block in EXAMPLES if "node-fetch" in block.text)
    text = block.text.replace("http://127.0.0.1:8080", service.url)
    (tmp_path / "snippet.mjs").write_text(text)
    run([npm, "install", "--silent", "--no-audit", "--no-fund", *NODE_PACKAGES], tmp_path)
    node = str(Path(npm).with_name("node"))
    run([node, "snippet.mjs"], tmp_path, CLEARBG_API_KEY=service.api_key)
    assert_cut_out((tmp_path / "output.png").read_bytes())
