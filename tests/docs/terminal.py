"""A reader who pastes the blocks of one page, one after the other, into a terminal."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

from PIL import Image

from tests.docs.blocks import NODE, PYTHON, Block
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import ROOT, Service

PROLOGUE = """set -eo pipefail
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
curl() { command curl --silent --show-error --fail-with-body "$@"; }
"""
"""Elsewhere, curl succeeds when the service rejects a request, and background processes go on."""
PORTS = {"8080": "url", "8081": "operations_url", "50051": "grpc_url"}
PHOTOS = ("input.jpg", "a.jpg", "b.jpg", "background.jpg", "photos/a.jpg", "photos/b.jpg")
TIMEOUT_S = 300
RECEIVER = "127.0.0.1:9000"


def prepare(folder: Path) -> None:
    """Put the files into a folder that the examples take for granted."""
    (folder / "photos").mkdir()
    photo = Image.open(PHOTO)
    photo.thumbnail((256, 256))  # small: what is tested is the calls
    for name in PHOTOS:
        photo.save(folder / name)
    (folder / "docs").symlink_to(ROOT / "docs")


def script(blocks: list[Block], folder: Path) -> str:
    """Return the blocks as one shell script, and write their files."""
    lines = [PROLOGUE]
    for number, block in enumerate(blocks):
        lines.append(f"echo '--- {block.where}' >&2")
        if block.file:
            (folder / block.file).write_text(block.text)
            continue
        command = block.text
        if block.language in (PYTHON, NODE):
            suffix = {PYTHON: "py", NODE: "mjs"}[block.language]
            (folder / f"block{number}.{suffix}").write_text(block.text)
            command = {PYTHON: "python3", NODE: "node"}[block.language] + f" block{number}.{suffix}"
        if "fails" in block.words:
            command = f"if ({command}); then echo 'it was to fail' >&2; exit 1; fi"
        lines.append(command)
    return "\n".join(lines)


def addressed(text: str, service: Service) -> str:
    """Return text with the addresses and the key of this service."""
    for port, name in PORTS.items():
        text = text.replace(f"127.0.0.1:{port}", getattr(service, name).partition("//")[2])
    return text.replace("YOUR_API_KEY", service.api_key)


def run(blocks: list[Block], folder: Path, service: Service) -> None:
    """Run the blocks of a page.

    Raises:
        AssertionError: one of them fails, or writes a picture that cannot be opened.
    """
    prepare(folder)
    before = set(folder.rglob("*"))
    text = script(blocks, folder)
    for path in (*folder.glob("*.py"), *folder.glob("*.mjs")):
        path.write_text(addressed(path.read_text(), service))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CLEARBG_API_KEY": service.api_key,
        "CLEARBG_DATA_DIR": str(service.log.parent),
    }
    with subprocess.Popen(
        [str(shutil.which("bash")), "-c", addressed(text, service)],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        timer = Timer(TIMEOUT_S, end, [process])
        timer.start()
        printed = process.communicate()[0]
        timer.cancel()
    assert process.returncode == 0, printed
    for path in set(folder.rglob("*")) - before:
        if path.suffix in (".png", ".jpg", ".webp"):
            Image.open(path).load()


def end(process: subprocess.Popen[str]) -> None:
    """Kill blocks that hang, with what they have started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
