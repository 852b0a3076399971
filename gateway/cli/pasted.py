"""Paths for commands that users paste: correct in their current folder."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from gateway import home


def command() -> str:
    """Return how to call this program: its name if PATH finds it, else its path."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    if found and Path(found).samefile(called):
        return called.name
    return shlex.quote(str(_shortened(called)))


def sample() -> str:
    """Return the path of the sample photo, unquoted: it becomes part of a longer shell word."""
    return str(_shortened(home.sample_photo()))


def _shortened(path: Path) -> Path:
    """Return the path relative to the current folder if it lies below it, else absolute."""
    path, current = Path(os.path.abspath(path)), Path.cwd()
    return path.relative_to(current) if path.is_relative_to(current) else path
