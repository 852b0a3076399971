"""Where wheels that carry a server are installed."""

from importlib.util import find_spec
from pathlib import Path


def wheel(package: str) -> Path:
    """The folder of a package; it is not imported, since some do more than that."""
    found = find_spec(package)
    assert found, f"{package} is missing: make test installs it"
    assert found.origin
    return Path(found.origin).parent
