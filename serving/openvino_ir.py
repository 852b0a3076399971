"""Builds the format for CPUs, OpenVINO's IR, from the ONNX file or from TorchScript.

Both have the inputs and outputs of serving/manifest.py. Casting, normalisation and rounding are
part of the graph: a request is 3 MiB, its answer 1 MiB, and all clients get the same masks.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino
from openvino import opset13 as ops
from openvino.preprocess import PrePostProcessor

from serving.errors import WeightsError
from serving.manifest import SIDE, Network

if TYPE_CHECKING:
    import torch

FILES = ("isnet.xml", "isnet.bin")


def from_onnx(path: Path, folder: Path) -> None:
    """Build the IR from an ONNX export of IS-Net, whose first output is the mask, 0 to 1.

    The weights keep the precision that they have in the file.

    Raises:
        WeightsError: the file is no ONNX file, or its shapes are not 3x1024x1024 in and
            1x1024x1024 out.
    """
    model = read_onnx(path)
    shapes = [(3, SIDE, SIDE), (1, SIDE, SIDE)]
    if not model.outputs or [shape(port) for port in (*model.inputs, model.output(0))] != shapes:
        raise WeightsError(f"{path.name} is no IS-Net: 3x{SIDE}x{SIDE} in, 1x{SIDE}x{SIDE} out.")
    save(with_served_tensors(model, model.output(0), Network()), folder / FILES[0])


def read_onnx(path: Path) -> Any:
    """Read an ONNX file as an OpenVINO model.

    Raises:
        WeightsError: it is none, or has operators that OpenVINO does not know.
    """
    try:
        return openvino.Core().read_model(path)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][:200]
        raise WeightsError(f"{path.name} is no ONNX file that OpenVINO reads: {reason}") from error


def from_torchscript(module: "torch.jit.ScriptModule", folder: Path) -> None:
    """Build the IR from `torchscript.ServedNetwork`, in float32, for any batch size."""
    import torch  # here, since building from ONNX does not need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter uses deprecated functions of torch
        model = openvino.convert_model(
            module,
            example_input=torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8),
            input=[(openvino.PartialShape([-1, SIDE, SIDE, 3]), openvino.Type.u8)],
        )
    save(model, folder / FILES[0])


def shape(port: Any) -> tuple[int, ...]:
    """Return a tensor's channels, height and width; -1 for a dynamic size."""
    shape = port.get_partial_shape()
    sizes = [] if shape.rank.is_dynamic else list(shape)[1:]
    return tuple(-1 if size.is_dynamic else size.get_length() for size in sizes)


def with_served_tensors(
    model: Any, output: Any, network: Network, *, rounded: bool = True, clamped: bool = False
) -> Any:
    """Return the model with the inputs and outputs of serving/manifest.py.

    Args:
        model: its one input is (1, 3, S, S), normalised as `network` says.
        output: the model's output that is the mask, (1, 1, S, S).
        network: what the model expects and returns.
        rounded: False leaves the output as it is, to look at it: neither sigmoid nor levels.
        clamped: limit a mask without sigmoid to 0 to 1, or 1.01 would wrap around to a level of 2.
            IS-Net, which ends with a sigmoid of its own, needs none.
    """
    mask = output.get_node().input_value(0)
    if rounded:
        if network.is_logits:
            mask = ops.sigmoid(mask)
        elif clamped:
            mask = ops.clamp(mask, 0.0, 1.0)
        # Half to even, as torch.round does.
        levels = ops.round(ops.multiply(mask, np.float32(255)), "half_to_even")
        mask = ops.convert(levels, "u8")
    served = openvino.Model([mask], model.get_parameters(), "isnet")
    return _add_normalisation(served, network)


def _add_normalisation(model: Any, network: Network) -> Any:
    """Make the input (B, H, W, 3) uint8, as decoders return it; normalise it for the network."""
    steps = PrePostProcessor(model)
    image = steps.input(0)
    image.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    image.model().set_layout(openvino.Layout("NCHW"))
    scaled = image.preprocess().convert_element_type(openvino.Type.f32).scale(255.0)
    scaled.mean(_per_channel(network.mean))
    if set(network.std) != {1.0}:
        scaled.scale(_per_channel(network.std))
    return steps.build()


def _per_channel(values: tuple[float, ...]) -> float | list[float]:
    """Return one number if all channels have the same: a smaller graph."""
    return values[0] if len(set(values)) == 1 else list(values)


def save(model: Any, path: Path) -> None:
    """Write the IR, `path` and a file of its name with the suffix .bin."""
    model.inputs[0].get_tensor().set_names({"image"})
    model.outputs[0].get_tensor().set_names({"mask"})
    # compress_to_fp16 would round float32 weights; bf16 is chosen when the model is loaded.
    openvino.save_model(model, str(path), compress_to_fp16=False)
