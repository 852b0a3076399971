"""Finds the registry that npm is configured for, from npm itself or from its configuration.

Standard library only: it runs before anything is installed.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

GLOBAL_CONFIGURATIONS = (Path("/usr/local/etc/npmrc"), Path("/etc/npmrc"))
"""Usual paths of npm's global configuration, which depend on the prefix npm was built with."""
TIMEOUT_S = 30


def find() -> str | None:
    """Return the registry's URL without a trailing slash; None if none is configured."""
    url = _from_environment() or _from_npm() or _from_files(_configuration_files())
    return url.rstrip("/") if url else None


def _from_environment() -> str | None:
    """Return NPM_CONFIG_REGISTRY; like npm, ignore the case of the variable's name."""
    named = (value for name, value in os.environ.items() if name.lower() == "npm_config_registry")
    return next(filter(None, named), None)


def _from_npm() -> str | None:
    npm = shutil.which("npm")
    if not npm:
        return None
    try:
        output = subprocess.run(
            [npm, "config", "get", "registry"], capture_output=True, text=True, timeout=TIMEOUT_S
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return None  # npm does not work: read its files instead
    return output if output.startswith("http") else None


def _configuration_files() -> Iterable[Path]:
    """Return the files that npm reads, those with the highest precedence first."""
    user = os.environ.get("NPM_CONFIG_USERCONFIG") or os.environ.get("npm_config_userconfig")
    return Path(".npmrc"), Path(user or "~/.npmrc").expanduser(), *GLOBAL_CONFIGURATIONS


def _from_files(files: Iterable[Path]) -> str | None:
    for file in files:
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue  # missing, or not readable
        if found := re.search(r"^[ \t]*registry[ \t]*=[ \t]*[\"']?([^\s\"']+)", text, re.MULTILINE):
            return os.path.expandvars(found[1])
    return None
