"""The manifest of a built model: origin, licence, tensors, and the hashes of its files.

All models have one contract, so that whatever runs them needs no code of its own for each:

    image   uint8 [B, S, S, 3], sRGB       S is the model's side, 1024 for IS-Net
    mask    uint8 [B, 1, S, S]             255 is certainly foreground

Normalisation, sigmoid and rounding are part of the graph. A build writes the manifest last. A
folder without one contains no complete model, and a file whose hash differs from it is not loaded.
"""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

log = logging.getLogger(__name__)

FILE_NAME = "manifest.json"

DEFAULT = "isnet"
"""Name of the model that `clearbg model build` builds."""

SIDE = 1024
"""Height and width of IS-Net's input and mask, in pixels."""

Precision = Literal["auto", "f32", "bf16", "int8"]

FORMATS = {
    "OpenVINO IR for CPUs": ("isnet.xml", "isnet.bin"),
    "OpenVINO IR for CPUs, int8": ("isnet_int8.xml", "isnet_int8.bin"),
    "TorchScript fp32": ("model.pt",),
    "TorchScript fp16 for GPUs": ("model_fp16.pt",),
}
"""The formats that a build of IS-Net can make, and their files."""

ADDED_FORMATS = {
    "OpenVINO IR for CPUs": ("model.xml", "model.bin"),
    "TorchScript for GPUs, not run on one": ("model.pt",),
}
"""The formats of a model that was added."""

FILES = tuple(name for names in FORMATS.values() for name in names)

BUILD_COMMAND = "clearbg model build"
"""Command that builds at least the format for CPUs."""

EXPORT_COMMAND = "make model, or: pip install 'clearbg[model]' && clearbg model build --torchscript"
"""Commands that build every format: in a checkout, and from the package."""


class ModelNotBuilt(Exception):
    """The folder contains no complete model. The message says what to do."""


def tensors(side: int) -> dict[str, str]:
    """Describe input and output of every format. The IR made from ONNX has batch size one."""
    return {
        "image": f"UINT8 [B, {side}, {side}, 3], sRGB",
        "mask": f"UINT8 [B, 1, {side}, {side}], sigmoid x 255, rounded",
    }


@dataclass(frozen=True)
class Artifact:
    """One built file."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Network:
    """What a network expects and returns, as its authors say. The defaults are IS-Net's."""

    side: int = SIDE
    """Height and width of its input and output, in pixels."""
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    """Subtracted from red, green and blue, 0 to 1."""
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    """What they are divided by then."""
    output: str = ""
    """Name of the output that is the mask; empty: the first one."""
    is_logits: bool = False
    """Whether that output still needs a sigmoid."""


@dataclass(frozen=True)
class Manifest:
    """The record of a build."""

    version: str
    """Identifies the weights, e.g. isnet-general-use-b6e8497b. Whatever reports a mask adds the
    precision that it was computed with."""
    built_at: str
    source: dict[str, str]
    licence: str
    tensors: dict[str, str]
    artifacts: dict[str, Artifact]
    versions: dict[str, str]
    fidelity: list[dict[str, Any]]
    """One row for each comparison: the fields of serving.fidelity.Fidelity."""
    title: str = "IS-Net, general use"
    network: Network = field(default_factory=Network)
    non_commercial: bool = False
    """Whether the licence, as it was declared, forbids commercial use."""
    precision: Precision = "auto"
    """Arithmetic on CPUs; `auto` is what CLEARBG_PRECISION says."""

    @property
    def formats(self) -> dict[str, dict[str, Artifact]]:
        """The built formats by their names in FORMATS or ADDED_FORMATS, each with its files."""
        known = FORMATS if "isnet.xml" in self.artifacts else ADDED_FORMATS
        return {
            format_: {name: self.artifacts[name] for name in names}
            for format_, names in known.items()
            if all(name in self.artifacts for name in names)
        }

    @property
    def ir(self) -> tuple[str, ...]:
        """Names of the IR's two files, the graph and the weights; empty without an IR."""
        names = {Path(name).suffix: name for name in self.artifacts if "_int8" not in name}
        return (names[".xml"], names[".bin"]) if {".xml", ".bin"} <= names.keys() else ()

    @property
    def int8_ir(self) -> tuple[str, ...]:
        """Names of the int8 IR's two files; empty without one."""
        return tuple(self.formats.get("OpenVINO IR for CPUs, int8", ()))

    def write(self, folder: Path) -> None:
        """Write the manifest atomically."""
        partial = folder / f"{FILE_NAME}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2) + "\n")
        partial.replace(folder / FILE_NAME)


def read(folder: Path) -> Manifest:
    """Read the manifest of the model in `folder`.

    Raises:
        ModelNotBuilt: there is no manifest, or it is damaged.
    """
    try:
        fields = json.loads((folder / FILE_NAME).read_text())
        artifacts = {name: Artifact(**item) for name, item in fields.pop("artifacts").items()}
        network = _read_network(fields.pop("network", {}))
        return Manifest(artifacts=artifacts, network=network, **fields)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelNotBuilt(_not_built(folder)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelNotBuilt(_damaged(folder)) from error


def _damaged(folder: Path) -> str:
    name, path = folder.parent.name, folder / FILE_NAME
    if name == DEFAULT:
        return f"{path} is damaged. Rebuild with: {BUILD_COMMAND}"
    return f"{path} is damaged. Remove the model with: clearbg model remove {name}"


def _read_network(fields: dict[str, Any]) -> Network:
    """Return the network of a manifest; those of earlier versions have none, and are IS-Net's."""
    for name in {"mean", "std"} & fields.keys():
        fields[name] = tuple(fields[name])
    return Network(**fields)


def _not_built(folder: Path) -> str:
    name, others = folder.parent.name, ", ".join(installed(folder.parents[1]))
    if name == DEFAULT or not others:
        return f"No model in {folder}. Build it with: {BUILD_COMMAND}"
    return f"There is no model {name}, only {others}. Add it with: clearbg model add {name}"


def version_folder(model: Path, number: int = 0) -> Path:
    """Return the folder of a model's version.

    Args:
        model: the model's folder in the repository. A model without versions gives `1`.
        number: of the version; 0: the highest that is built, which Triton uses by default.
    """
    if number:
        return model / str(number)
    numbers = [path.parent.name for path in model.glob(f"*/{FILE_NAME}")]
    return model / max(filter(str.isdecimal, numbers), key=int, default="1")


def installed(repository: Path) -> dict[str, Manifest]:
    """Return the manifests of all complete models of a repository, by name, in order.

    One that is damaged is left out, with a warning: the others can be used.
    """
    found = {}
    for folder in sorted(path for path in repository.glob("[!.]*") if path.is_dir()):
        version = version_folder(folder)
        if (version / FILE_NAME).exists():
            try:
                found[folder.name] = read(version)
            except ModelNotBuilt as error:
                log.warning("the model %s is left out: %s", folder.name, error)
    return found


def verify(folder: Path, *names: str) -> Manifest:
    """Read the manifest and check these files against it.

    Raises:
        ModelNotBuilt: a file is missing, truncated or altered.
    """
    manifest = read(folder)
    for name in names:
        path = folder / name
        if not path.is_file() or describe(path) != manifest.artifacts.get(name):
            raise ModelNotBuilt(f"{path} is not what was built. Rebuild with: {BUILD_COMMAND}")
    return manifest


def runs_on(name: str, built: Manifest, device: str) -> bool:
    """Return whether a model runs on `cpu`, `gpu`, or a device that is not known yet, "".

    IS-Net runs on a GPU as TorchScript only. Triton runs the IR of other models on the CPU there.
    """
    if device == "gpu" and name == DEFAULT:
        return "model_fp16.pt" in built.artifacts
    return bool(built.ir) or device != "cpu"


def require(name: str, built: Manifest, device: str) -> None:
    """Check that a model can run on a device; see `runs_on`.

    Raises:
        ModelNotBuilt: the format for that device was not built.
    """
    if runs_on(name, built, device):
        return
    if device == "gpu":
        raise ModelNotBuilt(
            "This machine has a GPU, and the model for it, TorchScript, is not built. "
            f"Build it with: {EXPORT_COMMAND}"
        )
    raise ModelNotBuilt(f"The model {name} is TorchScript, which runs on GPUs only.")


def describe(path: Path) -> Artifact:
    """Return the hash and size of a file."""
    with path.open("rb") as file:
        return Artifact(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)
