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
    inputs = {name(target) for each in found for target in activations(each.input(0))}
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


def activations(target: Any) -> Iterator[Any]:
    """Yield the inputs by which the parts of a convolution's input come in, in channel order.

    Joining, and taking the largest of four, are done with the quantized values.
    """
    node = target.get_source_output().get_node()
    if node.get_type_name() in ("Concat", "MaxPool", "Convert"):
        for part in node.inputs():
            yield from activations(part)
    else:
        yield target


def name(target: Any) -> str:
    """Return the name of the node whose output an input takes."""
    text: str = target.get_source_output().get_node().get_friendly_name()
    return text


def quantize(model: Any, ranges: Quantization) -> None:
    """Make the convolutions of a graph for which `is_calibrated` int8, in place."""
    quantized: dict[str, Any] = {}
    for convolution in convolutions(model):
        node = convolution.get_friendly_name()
        targets = list(activations(convolution.input(0)))
        limits = np.concatenate([ranges.limits[name(target)] for target in targets])
        weights = _int8_weights(convolution, limits, ranges.steps[node])
        convolution.input(1).replace_source_output(weights.output(0))
        _correct_bias(convolution, ranges.biases[node])
        for target in targets:
            source = name(target)
            if source not in quantized:
                value = target.get_source_output()
                quantized[source] = _fake_quantize(value, ranges.limits[source])
            target.replace_source_output(quantized[source].output(0))
    model.validate_nodes_and_infer_types()


def levels(weights: Float, limits: Float, steps: Float) -> Float:
    """Return weights for inputs that are divided by their limits, in steps, -127 to 127.

    Args:
        weights: (O, I, H, W).
        limits: (I,).
        steps: (O,).
    """
    scaled = weights * limits[:, None, None]
    return np.clip(np.round(scaled / steps[:, None, None, None]), -127, 127)


def _int8_weights(convolution: Any, limits: Float, steps: Float) -> Any:
    """Return a node with the weights of a convolution whose weights are constant."""
    rounded = levels(constant(convolution.input_value(1)), limits, steps).astype(np.int8)
    step = ops.constant(steps[:, None, None, None])
    return ops.multiply(ops.convert(ops.constant(rounded), "f32"), step)


def constant(value: Any) -> Float:
    """Return the values of a constant output."""
    return np.asarray(value.get_node().data, np.float32)


def _correct_bias(convolution: Any, correction: Float) -> None:
    (consumer,) = convolution.output(0).get_target_inputs()
    bias = consumer.get_node().input(1)
    values = constant(bias.get_source_output())
    corrected = ops.constant(values + correction.reshape(values.shape))
    bias.replace_source_output(corrected.output(0))


def _fake_quantize(value: Any, limits: Float) -> Any:
    """Round to 256 levels from 0 to the channel's limit, and divide by it: 0 to 1."""
    high = limits.reshape(1, -1, 1, 1)
    return ops.fake_quantize(value, 0 * high, high, np.float32(0), np.float32(1), 256)
