"""Where the subject ends up: frames that cut pictures, or add room around them."""

from dataclasses import dataclass

import cv2
import numpy as np

from gateway.images.matte import Box
from gateway.images.picture import Pixels
from gateway.options import Margin


@dataclass(frozen=True)
class Frame:
    """What becomes the result, in pixels of the picture; it may reach beyond the picture."""

    top: int
    left: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    def moved(self, box: Box) -> Box:
        """A box of the picture, in pixels of the result."""
        return Box(box.top - self.top, box.left - self.left, box.width, box.height)


def around(box: Box, margin: Margin) -> Frame:
    """The frame that leaves a margin around the subject, a percentage being of its own sides."""
    top, bottom = (side.pixels(box.height) for side in (margin.top, margin.bottom))
    left, right = (side.pixels(box.width) for side in (margin.left, margin.right))
    return Frame(
        box.top - top, box.left - left, left + box.width + right, top + box.height + bottom
    )


def cut(pixels: Pixels, frame: Frame) -> Pixels:
    """The pixels in a frame; transparent where it reaches beyond the picture.

    Args:
        pixels: (H, W, 4).
        frame: overlaps the picture.

    Returns:
        (frame.height, frame.width, 4), a buffer of its own.
    """
    height, width, _ = pixels.shape
    top, bottom = max(0, frame.top), min(height, frame.top + frame.height)
    left, right = max(0, frame.left), min(width, frame.left + frame.width)
    inside = pixels[top:bottom, left:right]
    if inside.shape[:2] == (frame.height, frame.width):
        return np.ascontiguousarray(inside) if inside.shape != pixels.shape else pixels
    result = np.zeros((frame.height, frame.width, 4), np.uint8)
    y, x = top - frame.top, left - frame.left
    result[y : y + bottom - top, x : x + right - left] = inside
    return result


def cover_size(width: int, height: int, over_width: int, over_height: int) -> tuple[int, int]:
    """The (width, height) to which a picture is brought so that it covers another one's."""
    scale = max(over_width / width, over_height / height)
    return max(over_width, round(width * scale)), max(over_height, round(height * scale))


def cover(pixels: Pixels, width: int, height: int) -> Pixels:
    """Cut the middle of a picture out that has the proportions of (width, height), and scale it.

    Cut first: a narrow picture, scaled as a whole, could be a thousand times what is needed.
    """
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    across = min(pixels.shape[1], max(1, round(width / scale)))
    down = min(pixels.shape[0], max(1, round(height / scale)))
    left, top = (pixels.shape[1] - across) // 2, (pixels.shape[0] - down) // 2
    middle = cut(pixels, Frame(top, left, across, down))
    if (across, down) == (width, height):
        return middle
    filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(middle, (width, height), interpolation=filter_), np.uint8)
