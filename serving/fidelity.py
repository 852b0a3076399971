"""Compares the masks of two formats of the model on real photos. NumPy only.

serving/format_runners.py runs the formats: ONNX Runtime on the source file, the PyTorch port,
TorchScript, and OpenVINO in float32, bfloat16 and int8.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.errors import FidelityError

Mask = NDArray[np.float64]
"""(1024, 1024), 0 to 255. Masks of the port and of ONNX Runtime are not rounded to whole levels."""


@dataclass(frozen=True)
class Fidelity:
    """One format compared with another. Differences are in mask levels, 0 to 255."""

    form: str
    against: str
    photos: int
    mean_difference: float
    """The mean absolute difference of a photo's mask; the largest of all photos."""
    max_difference: float
    mean_iou: float
    """Intersection over union of the masks, thresholded at 0.5; the mean of all photos."""
    min_iou: float


LIMITS: dict[str, Callable[[Fidelity], bool]] = {
    "port": lambda f: f.mean_difference <= 1 and f.max_difference <= 4,  # the source is fp16
    "torchscript": lambda f: f.max_difference <= 1,
    "openvino f32": lambda f: f.max_difference <= 1,
    "openvino bf16": lambda f: f.mean_iou >= 0.998 and f.min_iou >= 0.99,
    "openvino int8": lambda f: f.mean_iou >= 0.995 and f.min_iou >= 0.98,
}


def check(rows: Iterable[Fidelity]) -> None:
    """Check the comparisons of a built model against LIMITS.

    Raises:
        FidelityError: a format is outside its limits; the message names the first one.
    """
    for row in rows:
        if not LIMITS[row.form](row):
            raise FidelityError(f"{row.form} is too far from {row.against}: {row}")


def compare(form: str, against: str, masks: list[Mask], references: list[Mask]) -> Fidelity:
    """Compare the masks of two formats photo by photo."""
    differences = [np.abs(a - b) for a, b in zip(masks, references, strict=True)]
    ious = [iou(a, b) for a, b in zip(masks, references, strict=True)]
    return Fidelity(
        form=form,
        against=against,
        photos=len(masks),
        mean_difference=round(max(float(d.mean()) for d in differences), 5),
        max_difference=round(max(float(d.max()) for d in differences), 3),
        mean_iou=round(float(np.mean(ious)), 5),
        min_iou=round(float(min(ious)), 5),
    )


def iou(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the intersection over union of two masks (0 to 255) at 0.5; 1 if both are empty."""
    a, b = a > 127.5, b > 127.5
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
