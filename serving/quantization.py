"""The ranges that the int8 model is made with, from a file that a calibration wrote.

Post-training quantization of the activations with one range a channel, which the weights of the
next convolution take over, and of the weights with one step an output channel, by which weights
beyond 127 steps are clipped. Ranges and steps are those with the least estimated noise at the
outputs of the convolutions, see loadtest/int8/calibrate.py; the biases take back the mean error of
the rounded weights (Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
Correction", ICCV 2019).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_suffix(".npz")

Values = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Quantization:
    """The numbers for one file of weights. Nodes are named as in OpenVINO's graph."""

    weights_sha256: str
    limits: Values
    """(channels,) by activation: the largest value that int8 can express. None is negative."""
    steps: Values
    """(output channels,) by convolution: the step of the weights, once they are multiplied by the
    limits of their inputs."""
    biases: Values
    """(output channels,) by convolution: is added to its bias."""

    def save(self, path: Path = FILE) -> None:
        """Write the file, about 240 kB."""
        groups = {"limit": self.limits, "step": self.steps, "bias": self.biases}
        arrays = {
            f"{group}:{node}": array
            for group, all_ in groups.items()
            for node, array in all_.items()
        }
        sha256 = np.array(self.weights_sha256)
        np.savez_compressed(path, allow_pickle=False, sha256=sha256, **arrays)


def load(path: Path = FILE) -> Quantization:
    """Read the file."""
    with np.load(path) as stored:
        arrays = dict(stored)
    sha256 = arrays.pop("sha256")
    groups: dict[str, dict[str, NDArray[np.float32]]] = {"limit": {}, "step": {}, "bias": {}}
    for key, array in arrays.items():
        group, _, node = key.partition(":")
        groups[group][node] = array
    return Quantization(
        weights_sha256=str(sha256),
        limits=groups["limit"],
        steps=groups["step"],
        biases=groups["bias"],
    )
