"""Checks a tritonserver's libtorch, which may not load models exported by a newer torch."""

import mmap
import re
from pathlib import Path

from serving.manifest import Manifest

VERSION_STRING = re.compile(rb"\0(2\.\d{1,3}\.\d{1,3}[\w.+]*)\0")
"""The version string in libtorch's binary, where the ONNX exporter uses it. In NVIDIA's builds it
is, for example, 2.12.0a0+145a3a7bda.nv25.10."""


def version(backends: Path) -> str | None:
    """Return the version of libtorch in a tritonserver's backends; None if it cannot be found."""
    library = backends / "pytorch" / "libtorch_cpu.so"
    if not library.is_file() or not library.stat().st_size:
        return None
    with (
        library.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        found = [match[1].decode() for match in VERSION_STRING.finditer(content)]
    return max(found, key=_release, default=None)


def version_warning(backends: Path, model: Manifest) -> str | None:
    """Return a warning if the model was exported by a newer torch than the server's; else None."""
    server, exporter = version(backends), model.versions.get("torch", "")
    if not server or _release(exporter) <= _release(server):
        return None
    return (
        f"the model was exported by torch {exporter}, and this tritonserver has libtorch {server}: "
        f"if it does not load, rebuild with torch {server.partition('a')[0]} or older"
    )


def _release(text: str) -> tuple[int, ...]:
    """Return major and minor version: patches and builds do not change operators."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
