"""Builds the int8 format for CPUs from IS-Net's IR and the calibrated ranges, in two seconds.

All convolutions but the first two become int8; OpenVINO recognises them by the FakeQuantize nodes
before their inputs. The second one's input, which is signed, costs a third of the exactness in int8
and 12 % more time in float.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as ops
from openvino.passes import ConstantFolding, Manager

from serving import openvino_ir, quantization
from serving.quantization import Quantization

log = logging.getLogger(__name__)

FILES = ("isnet_int8.xml", "isnet_int8.bin")

Float = NDArray[np.float32]


def build_if_calibrated(weights_sha256: str, folder: Path) -> None:
    """Add the int8 IR to the IR in `folder`, if the ranges of these weights are known.

    A later OpenVINO may make another graph of them: the model is then served without int8.
    """
    known = quantization.load()
    if weights_sha256 != known.weights_sha256:
        return
    model = read_f32(folder / openvino_ir.FILES[0])
    if not is_calibrated(model, known):
        log.warning("the model is built without int8: its graph is not the one of the ranges")
        return
    quantize(model, known)
    openvino_ir.save(model, folder / FILES[0])


def is_calibrated(model: Any, ranges: Quantization) -> bool:
    """Return whether the ranges are those of the graph's nodes."""
    found = convolutions(model)
    inputs = {name(value) for each in found for value in activations(each.input_value(0))}
    return {
        each.get_friendly_name() for each in found
    } == ranges.steps.keys() and inputs == ranges.limits.keys()


def read_f32(ir: Path) -> Any:
    """Read an IR with float16 weights as a float32 graph."""
    model = openvino.Core().read_model(ir)
    for node in model.get_ordered_ops():
        kind = node.get_type_name()
        if kind == "Constant" and node.get_element_type() == openvino.Type.f16:
            _replace(node.output(0), ops.constant(np.asarray(node.data).astype(np.float32)))
        elif kind == "Convert" and node.get_attributes().get("destination_type") == "f16":
            node.set_attribute("destination_type", "f32")
    model.validate_nodes_and_infer_types()
    folding = Manager()
    folding.register_pass(ConstantFolding())
    folding.run_passes(model)
    return model


def _replace(output: Any, node: Any) -> None:
    for consumer in list(output.get_target_inputs()):
        consumer.replace_source_output(node.output(0))


def convolutions(model: Any) -> list[Any]:
    """Return the convolutions that become int8, in the graph's order."""
    all_ = [node for node in model.get_ordered_ops() if node.get_type_name() == "Convolution"]
    return all_[2:]


def activations(value: Any) -> Iterator[Any]:
    """Yield the outputs that a convolution's input is put together from, in channel order.

    Joining, and taking the largest of four, are done with the quantized values.
    """
    node = value.get_node()
    if node.get_type_name() == "Concat":
        for joined in node.input_values():
            yield from activations(joined)
    elif node.get_type_name() in ("MaxPool", "Convert"):
        yield from activations(node.input_value(0))
    else:
        yield value


def name(value: Any) -> str:
    """Return the name of an output's node."""
    text: str = value.get_node().get_friendly_name()
    return text


def quantize(model: Any, ranges: Quantization) -> None:
    """Make the convolutions of a graph for which `is_calibrated` int8, in place."""
    done: dict[str, Any] = {}
    for convolution in convolutions(model):
        node = convolution.get_friendly_name()
        sources = [name(value) for value in activations(convolution.input_value(0))]
        limits = np.concatenate([ranges.limits[source] for source in sources])
        weights = int8_weights(convolution, limits, ranges.steps[node])
        convolution.input(1).replace_source_output(weights.output(0))
        _correct_bias(convolution, ranges.biases[node])
        _quantize_input(convolution.input(0), ranges, done)
    model.validate_nodes_and_infer_types()


def int8_weights(convolution: Any, limits: Float, steps: Float) -> Any:
    """Return a node with the weights for inputs that are divided by their limits.

    Args:
        convolution: has constant float32 weights, (O, I, H, W).
        limits: (I,).
        steps: (O,).
    """
    steps = steps[:, None, None, None]
    scaled = constant(convolution.input_value(1)) * limits[:, None, None]
    levels = np.clip(np.round(scaled / steps), -127, 127).astype(np.int8)
    return ops.multiply(ops.convert(ops.constant(levels), "f32"), ops.constant(steps))


def constant(value: Any) -> Float:
    """Return the values of a constant output."""
    return np.asarray(value.get_node().data, np.float32)


def _correct_bias(convolution: Any, correction: Float) -> None:
    (consumer,) = convolution.output(0).get_target_inputs()
    bias = consumer.get_node().input(1)
    values = constant(bias.get_source_output())
    corrected = ops.constant(values + correction.reshape(values.shape))
    bias.replace_source_output(corrected.output(0))


def _quantize_input(target: Any, ranges: Quantization, done: dict[str, Any]) -> None:
    """Put a FakeQuantize before everything that the input is put together from, once each."""
    value = target.get_source_output()
    node = value.get_node()
    if node.get_type_name() in ("Concat", "MaxPool", "Convert"):
        for inner in node.inputs():
            _quantize_input(inner, ranges, done)
    elif node.get_type_name() != "FakeQuantize":
        key = name(value)
        if key not in done:
            done[key] = _fake_quantize(value, ranges.limits[key])
        target.replace_source_output(done[key].output(0))


def _fake_quantize(value: Any, limits: Float) -> Any:
    """Round to 256 levels from 0 to the channel's limit, and divide by it: 0 to 1."""
    high = limits.reshape(1, -1, 1, 1)
    return ops.fake_quantize(value, 0 * high, high, np.float32(0), np.float32(1), 256)
