"""The manifest beside a built model: what it is, where it came from, and how to tell it is whole.

It is written last. A folder without it holds no model, whatever else an interrupted build left
there; a file that differs from it is not loaded.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "manifest.json"


class ModelNotBuilt(Exception):
    """There is no whole model in the folder. The message says what to do."""


@dataclass(frozen=True)
class Artifact:
    """One built file."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a build recorded about itself."""

    version: str
    """Names the weights, e.g. isnet-general-use-b6e8497b: the same weights, the same version."""
    built_at: str
    source: dict[str, str]
    licence: str
    tensors: dict[str, str]
    artifacts: dict[str, Artifact]
    versions: dict[str, str]
    fidelity: list[dict[str, Any]]
    """One row a comparison; serving/fidelity.py says what the figures mean."""

    def write(self, folder: Path) -> None:
        """Write the manifest in one step: it is there whole or not at all."""
        partial = folder / f"{FILE_NAME}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.replace(folder / FILE_NAME)


def read(folder: Path) -> Manifest:
    """Read the manifest of the model in `folder`.

    Raises:
        ModelNotBuilt: there is none, or it is not ours.
    """
    try:
        fields = json.loads((folder / FILE_NAME).read_text())
        artifacts = {name: Artifact(**item) for name, item in fields.pop("artifacts").items()}
        return Manifest(artifacts=artifacts, **fields)
    except FileNotFoundError as error:
        raise ModelNotBuilt(f"No model in {folder}. Build it with: make model") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ModelNotBuilt(f"{folder / FILE_NAME} is damaged. Rebuild with: make model") from error


def verify(folder: Path, *names: str) -> Manifest:
    """Read the manifest and check these files against it.

    Raises:
        ModelNotBuilt: a file is missing, cut short or altered.
    """
    manifest = read(folder)
    for name in names:
        path = folder / name
        if not path.is_file() or describe(path) != manifest.artifacts.get(name):
            raise ModelNotBuilt(f"{path} is not what was built. Rebuild with: make model")
    return manifest


def describe(path: Path) -> Artifact:
    """Hash and measure one file."""
    with path.open("rb") as file:
        return Artifact(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)
