"""Which libtorch a tritonserver brings: what a newer torch has exported may not load there."""

import mmap
import re
from pathlib import Path

from serving.manifest import Manifest

VERSION = re.compile(rb"\0(2\.\d{1,3}\.\d{1,3}[\w.+]*)\0")
"""libtorch holds its version as a string of its own, since its ONNX exporter writes it into files.
NVIDIA's builds say, for example, 2.12.0a0+145a3a7bda.nv25.10."""


def version(backends: Path) -> str | None:
    """The version of the libtorch in a tritonserver's backends; None when it cannot be told."""
    library = backends / "pytorch" / "libtorch_cpu.so"
    if not library.is_file() or not library.stat().st_size:
        return None
    with (
        library.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        found = [match[1].decode() for match in VERSION.finditer(content)]
    return max(found, key=_release, default=None)


def warning(backends: Path, model: Manifest) -> str | None:
    """Say that the model was exported by a torch newer than this server's; None when it was not."""
    theirs, ours = version(backends), model.versions.get("torch", "")
    if not theirs or _release(ours) <= _release(theirs):
        return None
    return (
        f"the model was exported by torch {ours}, and this tritonserver has libtorch {theirs}: "
        f"if it does not load, rebuild with torch {theirs.partition('a')[0]} or older"
    )


def _release(text: str) -> tuple[int, ...]:
    """Major and minor: patches and builds change no operators."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
