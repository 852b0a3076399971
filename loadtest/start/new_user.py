"""The environment of a user without caches, data or settings."""

import os
import re
import sys
from pathlib import Path

from loadtest.ports import free_port

PORTS = ("HTTP", "GRPC", "OPERATIONS", "TRITON_GRPC", "TRITON_METRICS")
REMOVED = re.compile("CLEARBG_|MAKE|MFLAGS|VIRTUAL_ENV|PYTHONDONTWRITEBYTECODE")
"""Variables that users do not have. Without bytecode, every start would compile all imports."""


def environment(home: Path) -> dict[str, str]:
    """Return this process's environment, changed so that all caches and data are in `home`.

    The configuration of package registries is kept: pip's, uv's and npm's.

    Args:
        home: empty for a new user.
    """
    config = Path.home() / ".config"
    npmrc = Path.home() / ".npmrc"
    return {
        **{name: value for name, value in os.environ.items() if not REMOVED.match(name)},
        **{f"CLEARBG_{name}_PORT": str(free_port()) for name in PORTS},
        "CLEARBG_MASK_CACHE_MB": "0",  # each image is to be segmented
        "HOME": str(home),
        "UV_CACHE_DIR": str(home / "uv"),
        "PIP_CACHE_DIR": str(home / "pip"),
        "NPM_CONFIG_CACHE": str(home / "npm"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(config)),
        "NPM_CONFIG_USERCONFIG": os.environ.get("NPM_CONFIG_USERCONFIG", str(npmrc)),
        # Not a version manager's shim, which would look for its interpreters in HOME.
        "PYTHON": str(Path(sys.executable).resolve()),
    }
