"""Small networks of the same form as the real ones, as ONNX files, for tests that add models."""

import hashlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from gateway import home
from serving import plausibility
from serving.manifest import Network

SIDE = 64


def write(
    path: Path,
    *,
    side: int = SIDE,
    knows: float = 6.0,
    sigmoid: bool = False,
    scale: float = 1.0,
    dynamic: bool = False,
) -> str:
    """Write a network of random weights, which knows the sample photo; return its SHA-256.

    Args:
        path: of the ONNX file.
        side: height and width of input and output.
        knows: how much its mask follows the subject of the sample photo, rather than chance.
        sigmoid: its output is a probability, else logits.
        scale: of its weights.
        dynamic: the file leaves the sides open.
    """
    rng = np.random.default_rng(0)
    first = (scale * rng.normal(0, 0.5, (8, 3, 3, 3))).astype(np.float32)
    second = (scale * rng.normal(0, 0.5, (1, 8, 1, 1))).astype(np.float32)
    prior = cv2.resize(
        knows * (2.0 * plausibility.subject() - 1), (side, side), interpolation=cv2.INTER_NEAREST
    )
    constants = {"first": first, "second": second, "prior": prior[None, None].astype(np.float32)}
    size: list[int | str] = ["height", "width"] if dynamic else [side, side]
    names = ["probability" if sigmoid else "logits", "small"]
    graph = helper.make_graph(
        _nodes(),
        "small",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *size])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    path.write_bytes(model.SerializeToString())
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _nodes() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Conv", ["input", "first"], ["features"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["features"], ["active"]),
        helper.make_node("Conv", ["active", "second"], ["chance"]),
        helper.make_node("Add", ["chance", "prior"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], ["probability"]),
        helper.make_node("MaxPool", ["logits"], ["small"], kernel_shape=[2, 2], strides=[2, 2]),
    ]


def reference(path: Path, network: Network, image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the mask of an ONNX file, computed by ONNX's own reference: (side, side), 0 to 255."""
    scaled = (image / 255 - np.array(network.mean)) / np.array(network.std)
    tensor = scaled.transpose(2, 0, 1)[None].astype(np.float32)
    outputs: Any = ReferenceEvaluator(onnx.load(path)).run(None, {"input": tensor})
    output = np.asarray(outputs[0])
    probability = 1 / (1 + np.exp(-output[0, 0])) if network.is_logits else output[0, 0]
    return np.asarray(255 * probability, np.float64)


def photo(side: int = SIDE) -> NDArray[np.uint8]:
    """Return the sample photo as a model's input."""
    return plausibility.read_photo(home.sample_photo(), side)
