"""Chooses ranges and steps with the least estimated noise at the outputs of the convolutions.

The noise of an output is taken as the sum of two independent parts: rounded and clipped
activations by the squares of the weights, and rounded and clipped weights by the squares of the
activations. A range that differs by channel moves noise from the activations to the weights.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadtest.int8.observe import Activation, Layer
from serving.int8_ir import levels
from serving.quantization import Quantization

Float = NDArray[np.float32]

PERCENTILES = (100, 95, 85, 70, 50, 30, 15)
"""A channel's range is a percentile of its largest values in each picture."""
EVENNESS = (0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
"""0: all channels have the range of the widest one; 1: each has its own."""
CLIPS = np.array([1, 0.92, 0.85, 0.78, 0.7, 0.6, 0.5], np.float32)
"""Candidates for the largest weight that is not clipped, by the largest one."""
SWEEPS = 2
SUBSET = 300_000
"""About as many weights are looked at while ranges are compared; for the steps, all."""


@dataclass(frozen=True)
class Range:
    """A candidate for an activation."""

    limits: Float
    """(channels,)"""
    noise: Float
    """(channels,): the mean square error of the activation."""


class Search:
    """Chooses the range of one activation after the other, several times."""

    def __init__(self, layers: Sequence[Layer], seen: dict[str, Activation]) -> None:
        self._layers, self._seen = layers, seen
        self._squares = {layer.node: (layer.weights**2).sum((2, 3)) for layer in layers}
        self._consumers = defaultdict(list)
        for layer in layers:
            for source in layer.sources:
                self._consumers[source].append(layer)
        self._candidates = {name: candidates(seen[name]) for name in self._consumers}
        self._chosen = {name: found[0] for name, found in self._candidates.items()}

    def run(self, weights_sha256: str) -> Quantization:
        """Return the ranges, and the steps and biases that go with them."""
        for _ in range(SWEEPS):
            for source, found in self._candidates.items():
                self._chosen[source] = min(found, key=lambda one: self._noise_with(source, one))
        steps = {layer.node: self._steps(layer)[0] for layer in self._layers}
        return Quantization(
            weights_sha256=weights_sha256,
            limits={source: one.limits for source, one in self._chosen.items()},
            steps=steps,
            biases={layer.node: self._bias(layer, steps[layer.node]) for layer in self._layers},
        )

    def _noise_with(self, source: str, candidate: Range) -> float:
        """Return the relative noise of the convolutions that an activation goes to."""
        self._chosen[source] = candidate
        return sum(self._noise(layer) for layer in self._consumers[source])

    def _noise(self, layer: Layer) -> float:
        squares = self._squares[layer.node]
        noise = np.concatenate([self._chosen[source].noise for source in layer.sources])
        signal = (squares @ self._square(layer)).mean()
        of_activations = (squares @ noise).mean()
        return float((of_activations + self._steps(layer, is_draft=True)[1]) / signal)

    def _square(self, layer: Layer) -> Float:
        return np.concatenate([self._seen[source].square for source in layer.sources])

    def _limits(self, layer: Layer) -> Float:
        return np.concatenate([self._chosen[source].limits for source in layer.sources])

    def _steps(self, layer: Layer, *, is_draft: bool = False) -> tuple[Float, float]:
        """Return the steps of the weights, and the noise that is left, the mean of all outputs.

        Args:
            layer: the convolution.
            is_draft: looks at some of the weights, and does not clip them.
        """
        limits = self._limits(layer)
        scaled = (layer.weights * limits[:, None, None]).reshape(*layer.weights.shape[:2], -1)
        if is_draft and scaled.size > SUBSET:
            scaled = scaled[:: scaled.size // SUBSET]
        largest = np.abs(scaled).max((1, 2)) + np.float32(1e-12)
        by_channel = self._square(layer) / limits**2
        errors = []
        for clip in CLIPS[: 1 if is_draft else None]:
            step = (largest * clip / 127)[:, None, None]
            error = np.clip(np.round(scaled / step), -127, 127) * step - scaled
            errors.append((error**2).sum(2) @ by_channel)
        best = np.argmin(errors, axis=0)
        return largest * CLIPS[best] / 127, float(np.min(errors, axis=0).mean())

    def _bias(self, layer: Layer, steps: Float) -> Float:
        """Return what takes back the mean error of the rounded weights."""
        limits, step = self._limits(layer), steps[:, None, None, None]
        rounded = levels(layer.weights, limits, steps) * step
        error = (rounded / limits[:, None, None] - layer.weights).sum((2, 3))
        mean = np.concatenate([self._seen[source].mean for source in layer.sources])
        return np.asarray(-(error @ mean), np.float32)


def candidates(seen: Activation) -> list[Range]:
    """Return the ranges that an activation may get."""
    found = []
    for percentile in PERCENTILES:
        own = np.maximum(np.percentile(seen.highest, percentile, axis=0), 1e-6)
        widest = own.max()
        for evenness in EVENNESS:
            limits = np.maximum(widest * (own / widest) ** evenness, widest / 1000)
            limits = limits.astype(np.float32)
            found.append(Range(limits, _rounding_noise(seen, limits)))
    return found


def _rounding_noise(seen: Activation, limits: Float) -> Float:
    step = (limits / 255)[:, None]
    rounded = np.clip(np.round(seen.samples / step), 0, 255) * step
    return np.asarray(((rounded - seen.samples) ** 2).mean(1), np.float32)
