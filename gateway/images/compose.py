"""From the model's mask to the finished pixels: alpha, size, background."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images.decode import Pixels
from gateway.options import Color

Alpha = NDArray[np.uint8]
"""(H, W): 0 is background, 255 is foreground."""


@dataclass(frozen=True)
class Box:
    """Where the foreground is, in pixels of the result."""

    top: int
    left: int
    width: int
    height: int


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Shrink to (height, width, 3), antialiased; pixels already of that size are returned as is."""
    if pixels.shape[:2] == (height, width):
        return pixels
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def alpha(mask: NDArray[np.uint8], width: int, height: int) -> Alpha:
    """Bring the (1024, 1024) mask to the result's (height, width)."""
    shrinks = width < mask.shape[1] and height < mask.shape[0]
    filter_ = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, height), interpolation=filter_), np.uint8)


def cutout(pixels: Pixels, matte: Alpha) -> NDArray[np.uint8]:
    """Join colour and alpha to (H, W, 4), straight: colours are not multiplied by alpha.

    Where alpha is 0 the colour is zeroed too: nothing of the old background leaves the service,
    and the PNG is smaller and three times faster to write.
    """
    rgba = cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA)
    rgba[..., 3] = matte
    words = rgba.view(np.uint32)[..., 0]
    np.multiply(words, matte != 0, out=words)
    return np.asarray(rgba, np.uint8)


def on_color(pixels: Pixels, matte: Alpha, color: Color) -> Pixels:
    """Lay the foreground on a plain background: (H, W, 3)."""
    weight = cv2.cvtColor(matte, cv2.COLOR_GRAY2RGB)
    background = np.broadcast_to(np.array(color, np.uint8), pixels.shape)
    front = cv2.multiply(pixels, weight, scale=1 / 255)
    return np.asarray(
        cv2.add(front, cv2.multiply(background, 255 - weight, scale=1 / 255)), np.uint8
    )


def foreground_box(matte: Alpha) -> Box | None:
    """The smallest box around alpha above one half; None when nothing is."""
    left, top, width, height = cv2.boundingRect((matte > 127).view(np.uint8))
    return Box(top, left, width, height) if width else None
