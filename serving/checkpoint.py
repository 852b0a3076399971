"""Loads weights into the network, from an exported ONNX graph or the official state dict."""

import re
from pathlib import Path

import torch
from torch import Tensor

from serving.errors import WeightsError
from serving.isnet import ISNet
from serving.weights import Weights


def load(weights: Weights) -> ISNet:
    """Return the network with these weights, in float32 and evaluation mode.

    Raises:
        WeightsError: the file is neither an ONNX graph of IS-Net nor the official state dict.
    """
    read_state = _onnx_state if weights.path.suffix == ".onnx" else _pth_state
    network = ISNet()
    try:
        network.load_state_dict(read_state(weights.path))
    except (RuntimeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{weights.origin} is no IS-Net: {error}") from error
    return network.eval()


def fold_batch_norm(state: dict[str, Tensor], eps: float = 1e-5) -> dict[str, Tensor]:
    """Fold each `bn_s1` of the official state dict into the `conv_s1` before it.

    y = g * (conv(x) + b - mean) / sqrt(var + eps) + beta equals one convolution whose kernel is
    scaled by g / sqrt(var + eps). `eps` is torch's default, which the official network uses.
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


def _onnx_state(path: Path) -> dict[str, Tensor]:
    """Read an exported IS-Net. A Conv node's name is its module's path."""
    import onnx  # here, since a build from .pth does not need it
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
        if node.op_type == "Conv" and not _is_training_only(module):
            for parameter, name in zip(("weight", "bias"), node.input[1:], strict=True):
                value = numpy_helper.to_array(constants[name])
                state[f"{module}.{parameter}"] = torch.tensor(value, dtype=torch.float32)
    return state


def _pth_state(path: Path) -> dict[str, Tensor]:
    """Read the official state dict; `weights_only` prevents a pickle from running code."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for a file that is no state dict
        raise WeightsError(f"{path.name} is no PyTorch state dict.") from error
    named = {name.removeprefix("module."): value.float() for name, value in state.items()}
    return {
        name: value for name, value in fold_batch_norm(named).items() if not _is_training_only(name)
    }


def _is_training_only(name: str) -> bool:
    """Return whether a parameter belongs to the side outputs 2 to 6, used only in training."""
    return re.match(r"side[2-6]\b", name) is not None
