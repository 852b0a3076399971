"""Adds a model to the repository: file -> IR or TorchScript -> a photo is answered -> install.

Everything happens in a folder of its own, which becomes the model's when all is well: a model that
was refused leaves nothing behind.
"""

import platform
import re
import shutil
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from serving import added_ir, manifest, plausibility, triton_config
from serving.cpu_runtime import CpuRuntime
from serving.download import DownloadError, download, redact_url
from serving.errors import ToolsMissing, WeightsError
from serving.lock import file_lock
from serving.manifest import Manifest
from serving.new_model import NewModel
from serving.step import step
from serving.weights import sha256

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
PREFIX = ".adding-"
"""Prefix of the working folders, which Triton does not load."""


def add(
    model: NewModel, repository: Path, *, store: Path, templates: Path, photo: Path
) -> Manifest:
    """Add a model to a repository; return its manifest.

    Args:
        model: what to add.
        repository: the model repository.
        store: folder that keeps downloads while they are incomplete.
        templates: IS-Net's folder in a model repository: its configurations and its model.py.
        photo: the sample photo, docs/astronaut.jpg.

    Raises:
        WeightsError: the name is taken or malformed; the file cannot be obtained, has another hash,
            is no network of that form, or does not find the subject of the photo.
        ToolsMissing: a TorchScript file needs the `model` extra.
    """
    _check_name(model.name, repository)
    repository.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=repository, prefix=PREFIX) as temporary:
        file = _fetch(model, store, Path(temporary))
        folder = Path(temporary) / model.name
        (folder / "1").mkdir(parents=True)
        built = _build(model, file, folder / "1", photo)
        triton_config.write(model.name, built, folder, templates)
        _check_name(model.name, repository)
        folder.replace(repository / model.name)
    return built


def remove(name: str, repository: Path) -> None:
    """Remove a model that was added.

    Raises:
        WeightsError: there is none of that name, or it is IS-Net.
    """
    if name == manifest.DEFAULT:
        raise WeightsError(f"{name} is ClearBG's own model, and stays.")
    folders = (path.name for path in sorted(repository.glob("*")) if path.is_dir())
    added = [each for each in folders if each != manifest.DEFAULT and NAME.fullmatch(each)]
    if name not in added:  # a manifest does not matter: it may be what is damaged
        raise WeightsError(f"There is no added model {name}. There are: {', '.join(added) or '-'}.")
    shutil.rmtree(repository / name)


def _check_name(name: str, repository: Path) -> None:
    if not NAME.fullmatch(name):
        raise WeightsError("A name has 1 to 40 characters: a-z, 0-9, - and _.")
    if name == manifest.DEFAULT or (repository / name).exists():
        raise WeightsError(
            f"There is a model {name} already. Choose another name, or first: "
            f"clearbg model remove {name}"
        )


def _fetch(model: NewModel, store: Path, folder: Path) -> Path:
    """Return the verified file."""
    if urlsplit(model.source).scheme in ("http", "https"):
        file = _download(model, store, folder)
    else:
        file = Path(model.source).expanduser()
        if not file.is_file():
            raise WeightsError(f"There is no file {model.source}.")
    if (found := sha256(file)) != model.sha256.lower():
        raise WeightsError(f"The file has another SHA-256: {found}. Nothing was added.")
    return file


def _download(model: NewModel, store: Path, folder: Path) -> Path:
    """Download into the working folder; an interrupted download is resumed from the store."""
    suffix = Path(urlsplit(model.source).path).suffix
    stored = store / f"{model.sha256.lower()[:16]}{suffix}"
    try:
        with step("Fetching the model") as fetching, file_lock(stored):
            download(model.source, stored, fetching.progress, pinned=True)
            return Path(shutil.move(stored, folder / f"source{suffix}"))
    except DownloadError as error:
        raise WeightsError(str(error)) from error


def _build(model: NewModel, file: Path, folder: Path, photo: Path) -> Manifest:
    """Build the format, and test it on the photo."""
    image = plausibility.read_photo(photo, model.network.side)
    with step("Building and testing the model"):
        if model.is_torchscript:
            if not find_spec("torch"):
                raise ToolsMissing(
                    "TorchScript needs PyTorch. Install it with: pip install 'clearbg[model]'"
                )
            from serving import added_torchscript  # here, since it imports torch

            added_torchscript.build(file, folder / "model.pt", model.network, image)
            return _write_manifest(model, folder, "torch")
        added_ir.build(file, folder / "model.xml", model.network, image)
        built = _write_manifest(model, folder, "openvino")
        plausibility.check_mask(CpuRuntime(folder).infer(image))
    return built


def _write_manifest(model: NewModel, folder: Path, package: str) -> Manifest:
    """Write a manifest for the files in `folder`; return it."""
    names = [path.name for path in folder.iterdir()]
    built = Manifest(
        version=f"{model.name}-{model.sha256.lower()[:12]}",
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        source={"origin": redact_url(model.source), "sha256": model.sha256.lower()},
        licence=model.licence,
        tensors=manifest.tensors(model.network.side),
        artifacts={name: manifest.describe(folder / name) for name in sorted(names)},
        versions={"python": platform.python_version(), package: version(package)},
        fidelity=[],
        title=model.title,
        network=model.network,
        non_commercial=model.non_commercial,
        precision=model.precision,
    )
    built.write(folder)
    return built
