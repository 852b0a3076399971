"""Whether a network finds the subject of a photo whose answer is known.

A network that gets its input in another scale, or whose output is read in another way, still
returns a mask. So each model that is added must answer a photo before it is installed.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from serving.errors import WeightsError
from serving.fidelity import iou
from serving.manifest import Network

GRID = 16
MIN_IOU = 0.6
"""Of the silhouettes on the grid. Good networks have 0.9 and more, inverted ones almost 0."""
MIN_CONTRAST = 64
"""Levels between the means of subject and background."""
TOLERANCE = 0.01
"""How far a probability may lie outside 0 to 1, by rounding."""

SUBJECT = "0 780 780 780 700 f00 1f80 3fc0 3fe0 7fe0 7fe0 7ffc 7ffe 7ffe 7fff 7fff"
"""The astronaut of docs/astronaut.jpg as IS-Net finds her: one hexadecimal number per row."""


def read_photo(path: Path, side: int) -> NDArray[np.uint8]:
    """Return the photo as a model's input, (side, side, 3) sRGB."""
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if photo is None:
        raise WeightsError(f"The sample photo {path} cannot be read.")
    filter_ = cv2.INTER_AREA if side < min(photo.shape[:2]) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(photo, (side, side), interpolation=filter_), np.uint8)


def check_output(output: NDArray[np.float32], network: Network) -> None:
    """Check the bare output of a network, before sigmoid and rounding.

    Args:
        output: of any shape.
        network: says whether the output is logits.

    Raises:
        WeightsError: it has numbers that are no numbers, or is declared wrongly.
    """
    if not np.isfinite(output).all():
        raise WeightsError("Its output is not finite: these weights are damaged, or overflow.")
    low, high = float(output.min()), float(output.max())
    is_probability = low >= -TOLERANCE and high <= 1 + TOLERANCE
    if network.is_logits and is_probability:
        raise WeightsError(
            f"Its output lies between {low:.2f} and {high:.2f}, so it has a sigmoid already: "
            "use --no-logits."
        )
    if not network.is_logits and not is_probability:
        raise WeightsError(
            f"Its output lies between {low:.2f} and {high:.2f}, not 0 and 1. If these are logits, "
            "use --logits; if another output is the mask, name it with --output."
        )


def check_mask(mask: NDArray[np.uint8]) -> None:
    """Check the mask of the sample photo.

    Args:
        mask: (side, side).

    Raises:
        WeightsError: it is not the photo's subject.
    """
    found = subject()
    grid = cv2.resize(mask, (GRID, GRID), interpolation=cv2.INTER_AREA).astype(np.float64)
    contrast = grid[found].mean() - grid[~found].mean()
    overlap = iou(grid, 255.0 * found)
    if contrast <= -MIN_CONTRAST:
        raise WeightsError("Its mask is inverted: it finds the background of the sample photo.")
    if contrast < MIN_CONTRAST or overlap < MIN_IOU:
        raise WeightsError(
            f"It does not find the subject of the sample photo (overlap {overlap:.2f}, at least "
            f"{MIN_IOU} is expected). Check --mean, --std, --side, --logits and --output."
        )


def subject() -> NDArray[np.bool_]:
    """Return where the subject of the sample photo is, (GRID, GRID)."""
    rows = [f"{int(row, 16):0{GRID}b}" for row in SUBJECT.split()]
    return np.array([[digit == "1" for digit in row] for row in rows])
