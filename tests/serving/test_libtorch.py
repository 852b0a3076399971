from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import torch

from serving import libtorch, manifest
from serving.manifest import Manifest


@pytest.fixture
def backends(tmp_path: Path) -> Path:
    """Return a tritonserver's backends folder with the libtorch of this environment."""
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    (tmp_path / "pytorch").mkdir()
    (tmp_path / "pytorch" / "libtorch_cpu.so").symlink_to(library)
    return tmp_path


@pytest.fixture
def built(model_dir: Path) -> Manifest:
    return manifest.read(model_dir)


def test_the_version_is_read_from_the_library_file(backends: Path) -> None:
    assert libtorch.version(backends) == version("torch").partition("+")[0]


def test_there_is_a_warning_only_for_a_newer_exporter(backends: Path, built: Manifest) -> None:
    assert libtorch.version_warning(backends, built) is None
    older = replace(built, versions={"torch": "2.3.1"})
    assert libtorch.version_warning(backends, older) is None
    newer = replace(built, versions={"torch": "2.999.0"})
    assert "exported by torch 2.999.0" in (libtorch.version_warning(backends, newer) or "")


@pytest.mark.parametrize("content", [None, b"", b"no version \0 12.14.1\0"])
def test_an_unknown_version_of_libtorch_causes_no_warning(
    tmp_path: Path, built: Manifest, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "pytorch").mkdir()
        (tmp_path / "pytorch" / "libtorch_cpu.so").write_bytes(content)
    assert libtorch.version_warning(tmp_path, built) is None
