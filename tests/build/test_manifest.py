import pytest

from serving import manifest
from serving.manifest import Artifact, Manifest, ModelNotBuilt


def built(*names: str) -> Manifest:
    artifacts = {name: Artifact("0" * 64, 1) for name in names}
    return Manifest("isnet-0", "now", {}, "", {}, artifacts, {}, [])


def test_a_format_is_listed_only_with_all_its_files() -> None:
    assert list(built("isnet.xml", "isnet.bin").formats) == ["OpenVINO IR for CPUs"]
    assert list(built("isnet.xml").formats) == []
    assert len(built(*manifest.FILES).formats) == len(manifest.FORMATS)


def test_only_a_gpu_requires_the_torchscript() -> None:
    manifest.require("isnet", built("isnet.xml", "isnet.bin"), "cpu")
    manifest.require("isnet", built(*manifest.FILES), "gpu")
    with pytest.raises(ModelNotBuilt, match="make model"):
        manifest.require("isnet", built("isnet.xml", "isnet.bin"), "gpu")
