"""Runs the float32 network on pictures, and records the activations that int8 must express."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as ops

from loadtest.int8.pictures import Image
from serving.int8_ir import activations, constant, convolutions, name, read_f32

Float = NDArray[np.float32]

POSITIONS = 8
"""Positions a side at which an activation is recorded, for each picture."""


@dataclass(frozen=True)
class Activation:
    """What was seen of one activation, by channel."""

    highest: Float
    """(pictures, channels): the largest value."""
    mean: Float
    """(channels,)"""
    samples: Float
    """(channels, values)"""

    @cached_property
    def square(self) -> Float:
        """(channels,): the mean square."""
        return np.asarray((self.samples**2).mean(1), np.float32)


@dataclass(frozen=True)
class Layer:
    """A convolution that becomes int8."""

    node: str
    sources: tuple[str, ...]
    """The activations of its input, in channel order."""
    weights: Float
    """(O, I, H, W)"""


def layers(ir: Path) -> list[Layer]:
    """Return the convolutions that become int8, in the graph's order."""
    found = convolutions(read_f32(ir))
    return [
        Layer(
            node.get_friendly_name(),
            tuple(name(target) for target in activations(node.input(0))),
            constant(node.input_value(1)),
        )
        for node in found
    ]


def observe(ir: Path, images: Iterable[Image]) -> dict[str, Activation]:
    """Return what the activations were, by the names of their nodes."""
    model = read_f32(ir)
    side = model.input(0).get_partial_shape()[1].get_max_length()
    model.reshape([1, side, side, 3])
    values = {
        name(target): target.get_source_output()
        for node in convolutions(model)
        for target in activations(node.input(0))
    }
    outputs = [part for value in values.values() for part in _measures(value)]
    probe = openvino.Model(outputs, model.get_parameters())
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(probe, "CPU", options).create_infer_request()
    seen: list[list[Float]] = [[] for _ in outputs]
    for image in images:
        request.infer({0: image[None]})
        for number, record in enumerate(seen):
            record.append(np.array(request.get_output_tensor(number).data[0], np.float32))
    return {
        source: _activation(*seen[3 * number : 3 * number + 3])
        for number, source in enumerate(values)
    }


def _measures(value: openvino.Output) -> list[openvino.Output]:
    """Return three outputs: the largest value and the mean by channel, and some values."""
    height = value.get_shape()[2]
    step = max(1, height // POSITIONS)
    corner = [step // 2] * 2
    parts = (
        ops.reduce_max(value, [2, 3], keep_dims=False),
        ops.reduce_mean(value, [2, 3], keep_dims=False),
        ops.slice(value, corner, [height] * 2, [step] * 2, [2, 3]),
    )
    return [part.output(0) for part in parts]


def _activation(highest: list[Float], means: list[Float], samples: list[Float]) -> Activation:
    values = np.stack(samples, axis=1)
    return Activation(
        highest=np.stack(highest),
        mean=np.mean(means, axis=0, dtype=np.float32),
        samples=values.reshape(len(values), -1),
    )
