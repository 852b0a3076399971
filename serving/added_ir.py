"""Builds the IR of a network that is added, from its ONNX file."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from serving import openvino_ir, plausibility
from serving.errors import WeightsError
from serving.manifest import Network
from serving.openvino_ir import read_onnx, shape


def build(file: Path, path: Path, network: Network, image: NDArray[np.uint8]) -> None:
    """Write the IR, and check the network's bare output for an image.

    Args:
        file: ONNX; its sides may be dynamic.
        path: of the IR's graph; its weights get the suffix .bin.
        network: what it expects and returns.
        image: (side, side, 3) sRGB.

    Raises:
        WeightsError: the file is no ONNX file, has other shapes, no such output, or an output that
            is declared wrongly.
    """
    model, side = read_onnx(file), network.side
    _fix_input(model, file.name, side)
    output = _output(model, file.name, network)
    if shape(output) != (1, side, side):
        raise WeightsError(
            f"The output of {file.name} is {_text(shape(output))}, not {_text((1, side, side))}: "
            f"name another one of its outputs with --output: {_names(model)}."
        )
    plausibility.check_output(_infer(_served(model, network, rounded=False), image), network)
    openvino_ir.save(_served(model, network), path)


def _fix_input(model: Any, name: str, side: int) -> None:
    """Check the one input, and set dynamic sizes."""
    expected = (3, side, side)
    sizes = [shape(port) for port in model.inputs]
    if len(sizes) != 1 or len(sizes[0]) != 3:
        raise WeightsError(f"{name} has other inputs than one picture, 3 x {side} x {side}.")
    if any(size not in (-1, wanted) for size, wanted in zip(sizes[0], expected, strict=True)):
        raise WeightsError(
            f"{name} takes {_text(sizes[0])}, not {_text(expected)}: use --side {sizes[0][-1]}, if "
            "it is square and has 3 channels."
        )
    try:
        model.reshape([1, *expected])
    except RuntimeError as error:
        raise WeightsError(f"{name} cannot take {_text(expected)}: set another --side.") from error


def _output(model: Any, name: str, network: Network) -> Any:
    """Return the output that is the mask."""
    for port in model.outputs:
        if not network.output or network.output in port.get_names():
            return port
    raise WeightsError(f"{name} has no output {network.output}, only {_names(model)}.")


def _served(model: Any, network: Network, *, rounded: bool = True) -> Any:
    clone = model.clone()
    output = _output(clone, "", network)
    return openvino_ir.with_served_tensors(clone, output, network, rounded=rounded, clamped=True)


def _infer(model: Any, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
    request.infer({0: openvino.Tensor(image[None])})
    return np.array(request.get_output_tensor(0).data, np.float32)


def _names(model: Any) -> str:
    return ", ".join(min(port.get_names(), default="(no name)") for port in model.outputs)


def _text(sizes: tuple[int, ...]) -> str:
    return " x ".join("any" if size == -1 else str(size) for size in sizes)
