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

from loadtest.ports import free_port
from tests.docs.blocks import NODE, PYTHON, Block
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import ROOT, Service

PROLOGUE = """set -eo pipefail
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
curl() { command curl --silent --show-error --fail-with-body "$@"; }
"""
"""Without it, curl succeeds when the service rejects a request, and background processes stay."""
COMMANDS = {PYTHON: ("python3", "py"), NODE: ("node", "mjs")}
PHOTOS = ("a.jpg", "b.jpg", "background.jpg", "photos/a.jpg", "photos/b.jpg")
PICTURES = {".png", ".jpg", ".webp"}
TIMEOUT_S = 300


def run(blocks: list[Block], folder: Path, service: Service) -> None:
    """Run the blocks of a page.

    Raises:
        AssertionError: one of them fails, or writes a picture that cannot be opened.
    """
    prepare(folder)
    before = set(folder.rglob("*"))
    text = script(blocks, folder, addresses(service))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CLEARBG_API_KEY": service.api_key,
        "CLEARBG_DATA_DIR": str(service.log.parent),
    }
    with subprocess.Popen(
        [str(shutil.which("bash")), "-c", text],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        timer = Timer(TIMEOUT_S, kill, [process])
        timer.start()
        printed = process.communicate()[0]
        timer.cancel()
    assert process.returncode == 0, printed
    for path in set(folder.rglob("*")) - before:
        if path.suffix in PICTURES:
            Image.open(path).load()


def prepare(folder: Path) -> None:
    """Put the files into a folder that the examples take for granted."""
    (folder / "photos").mkdir()
    shutil.copy(PHOTO, folder / "input.jpg")
    photo = Image.open(PHOTO)
    photo.thumbnail((256, 256))  # small: what is tested is the calls
    for name in PHOTOS:
        photo.save(folder / name)
    (folder / "docs").symlink_to(ROOT / "docs")


def addresses(service: Service) -> dict[str, str]:
    """Return what stands in the examples, and what a service of the tests has instead."""
    return {
        "127.0.0.1:8080": service.url.partition("//")[2],
        "127.0.0.1:8081": service.operations_url.partition("//")[2],
        "127.0.0.1:50051": service.grpc_url.partition("//")[2],
        '"127.0.0.1", 9000': f'"127.0.0.1", {(receiver := free_port())}',
        "127.0.0.1:9000": f"127.0.0.1:{receiver}",
        "YOUR_API_KEY": service.api_key,
    }


def script(blocks: list[Block], folder: Path, replacements: dict[str, str]) -> str:
    """Return the blocks as one shell script, and write their files."""
    lines = [PROLOGUE]
    for number, block in enumerate(blocks):
        text = block.text
        for old, new in replacements.items():
            text = text.replace(old, new)
        lines.append(f"echo '--- {block.where}' >&2")
        if block.file:
            (folder / block.file).write_text(text)
            continue
        if block.language in COMMANDS:
            program, suffix = COMMANDS[block.language]
            (folder / f"block{number}.{suffix}").write_text(text)
            text = f"{program} block{number}.{suffix}"
        if "fails" in block.words:
            text = f"if ({text}); then echo 'it was to fail' >&2; exit 1; fi"
        lines.append(text)
    return "\n".join(lines)


def kill(process: subprocess.Popen[str]) -> None:
    """Kill blocks that hang, with what they have started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
