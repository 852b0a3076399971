"""The TypeScript client's folder, and how its tools are run."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.service import ROOT

CLIENT = ROOT / "clients" / "typescript"
TIMEOUT_S = 300


def run(
    *command: str | Path, folder: Path = CLIENT, environment: Mapping[str, str] | None = None
) -> str:
    """Run a command, which must succeed, and return what it prints; npm's tools are on its path."""
    path = f"{CLIENT / 'node_modules' / '.bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path} | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build() -> None:
    """Build the package, as it is published, and its tests."""
    run("npm", "run", "--silent", "build")
