"""Silhouettes with edges that are hard to cut out."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W): 255 is foreground."""


def hair(
    width: int, height: int, *, strands: int, lengths: tuple[float, float], thickness: int
) -> Image:
    """Draw a head with hair all around.

    Args:
        width: in pixels.
        height: in pixels.
        strands: how many.
        lengths: the shortest and longest reach from the centre, as shares of the height.
        thickness: of a strand, in pixels.
    """
    random = np.random.default_rng(0)
    image = np.zeros((height, width), np.uint8)
    centre = np.array((width / 2, height / 2))
    cv2.circle(image, centre.astype(int).tolist(), height // 4, 255, thickness=-1)
    for _ in range(strands):
        turn = random.uniform(0, 2 * np.pi) + np.array((0, random.normal(0, 0.1)))
        reach = height * np.array((0.24, random.uniform(*lengths)))
        ends = (centre + reach[:, None] * np.column_stack((np.cos(turn), np.sin(turn)))).astype(int)
        cv2.line(image, ends[0].tolist(), ends[1].tolist(), 255, thickness, cv2.LINE_AA)
    return image


def ragged_disc(width: int, height: int) -> NDArray[np.float32]:
    """Return how far each pixel is inside a disc with thirty teeth, (H, W); negative outside."""
    rows, columns = np.indices((height, width), np.float32)
    x, y = columns - width / 2, rows - height / 2
    radius = height * (0.33 + 0.04 * np.sin(np.arctan2(y, x) * 30))
    return np.asarray(radius - np.hypot(x, y), np.float32)


def wheel(width: int, height: int) -> Image:
    """Draw a rim and sixteen thin spokes."""
    image = np.zeros((height, width), np.uint8)
    centre = np.array((width // 2, height // 2))
    cv2.circle(image, centre.tolist(), round(height * 0.36), 255, height // 16)
    for turn in np.arange(0, 2 * np.pi, np.pi / 8):
        end = (centre + height * 0.36 * np.array((np.cos(turn), np.sin(turn)))).astype(int)
        cv2.line(image, centre.tolist(), end.tolist(), 255, height // 60)
    return image


def letters(width: int, height: int) -> Image:
    """Draw three letters."""
    image = np.zeros((height, width), np.uint8)
    start = (round(width * 0.12), round(height * 0.6))
    cv2.putText(image, "Rag", start, cv2.FONT_HERSHEY_TRIPLEX, height / 80, 255, height // 30)
    return image
