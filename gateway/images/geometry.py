"""Cropping, scaling and positioning of the subject, and of backdrops."""

import math

import cv2
import numpy as np
from PIL import Image

from gateway.images.matte import Box
from gateway.images.picture import Frame, Pixels
from gateway.options import Margin, Placement
from gateway.options.margin import pixels as margin_pixels


def box_in_frame(box: Box, frame: Frame) -> Box:
    """Convert a box from the picture's coordinates to those of a frame."""
    return Box(box.top - frame.top, box.left - frame.left, box.width, box.height)


def frame_of_shares(shares: tuple[float, float, float, float], width: int, height: int) -> Frame:
    """Return the frame of left, top, right and bottom as shares, 0 to 1; at least one pixel."""
    left, right = (round(share * width) for share in shares[::2])
    top, bottom = (round(share * height) for share in shares[1::2])
    left, top = min(left, width - 1), min(top, height - 1)
    return Frame(top, left, max(1, right - left), max(1, bottom - top))


def crop_frame(box: Box, margin: Margin) -> Frame:
    """Return the box with a margin around it; percentages refer to the box's own sides."""
    top, bottom = (margin_pixels(side, box.height) for side in (margin.top, margin.bottom))
    left, right = (margin_pixels(side, box.width) for side in (margin.left, margin.right))
    return Frame(
        box.top - top, box.left - left, left + box.width + right, top + box.height + bottom
    )


def cut(pixels: Pixels, frame: Frame) -> Pixels:
    """Copy the pixels inside a frame; transparent where it extends beyond the picture.

    Args:
        pixels: (H, W, 4).
        frame: must overlap the picture.

    Returns:
        (frame.height, frame.width, 4), a new buffer.
    """
    height, width, _ = pixels.shape
    top, bottom = max(0, frame.top), min(height, frame.top + frame.height)
    left, right = max(0, frame.left), min(width, frame.left + frame.width)
    inside = pixels[top:bottom, left:right]
    if inside.shape[:2] == (frame.height, frame.width):
        return inside.copy()
    result = np.zeros((frame.height, frame.width, 4), np.uint8)
    y, x = top - frame.top, left - frame.left
    result[y : y + bottom - top, x : x + right - left] = inside
    return result


def apply_placement(pixels: Pixels, box: Box, placement: Placement) -> tuple[Pixels, Box]:
    """Scale and move the subject on a canvas of the same size.

    The whole cut-out is transformed, since soft edges extend beyond the box.

    Args:
        pixels: (H, W, 4), the cut-out.
        box: around the subject.
        placement: scale and position of the subject.

    Returns:
        (H, W, 4), a new buffer or `pixels` if nothing changes, and the subject's new box.
    """
    height, width, _ = pixels.shape
    scale = 1.0
    if placement.scale:
        scale = placement.scale * min(width / box.width, height / box.height)
    target = _target(box, scale, placement.position, width, height)
    if (scale, target) == (1.0, (box.left, box.top)):
        return pixels, box
    if scale == 1:  # moving by whole pixels keeps the picture sharp
        x, y = (math.floor(at + 0.5) for at in target)
        moved = cut(pixels, Frame(box.top - y, box.left - x, width, height))
    else:
        left, top = target[0] - box.left * scale, target[1] - box.top * scale
        moved = _transform(pixels, scale, left, top)
    x0, x1 = _visible(target[0], box.width * scale, width)
    y0, y1 = _visible(target[1], box.height * scale, height)
    return moved, Box(y0, x0, x1 - x0, y1 - y0)


def _target(
    box: Box, scale: float, position: tuple[float, float] | None, width: int, height: int
) -> tuple[float, float]:
    """Return (x, y) of the scaled subject's upper left corner; its centre stays by default."""
    scaled = box.width * scale, box.height * scale
    if position is None:
        return box.left + (box.width - scaled[0]) / 2, box.top + (box.height - scaled[1]) / 2
    return (width - scaled[0]) * position[0], (height - scaled[1]) * position[1]


def _transform(pixels: Pixels, scale: float, left: float, top: float) -> Pixels:
    """Scale a picture, with its corner at (left, top) of a canvas of its own size.

    Only the visible part is resized: the whole could be thousands of times larger.
    """
    height, width, _ = pixels.shape
    x0, x1 = _visible(left, width * scale, width)
    y0, y1 = _visible(top, height * scale, height)
    canvas = np.zeros_like(pixels)
    if left < width and top < height and left + width * scale > 0 and top + height * scale > 0:
        visible = ((x0 - left) / scale, (y0 - top) / scale, (x1 - left) / scale, (y1 - top) / scale)
        bounds = (width, height, width, height)
        inside = tuple(min(max(0.0, at), most) for at, most in zip(visible, bounds, strict=True))
        # Premultiplied by alpha ("RGBa"): else colours of transparent pixels bleed into the edges.
        image = Image.fromarray(pixels).convert("RGBa")
        size = (x1 - x0, y1 - y0)
        resized = image.resize(size, Image.Resampling.BILINEAR, box=inside).convert("RGBA")
        canvas[y0:y1, x0:x1] = np.asarray(resized)
    return canvas


def _visible(start: float, length: float, side: int) -> tuple[int, int]:
    """Return the range of whole pixels that an interval covers within a side; at least one."""
    first = min(side - 1, max(0, math.floor(start + 0.5)))
    return first, max(first + 1, min(side, math.floor(start + length + 0.5)))


def cover_size(width: int, height: int, over_width: int, over_height: int) -> tuple[int, int]:
    """Return the (width, height) of a picture after scaling it until it covers another one."""
    scale = max(over_width / width, over_height / height)
    return max(over_width, round(width * scale)), max(over_height, round(height * scale))


def cover(pixels: Pixels, width: int, height: int, *, opaque: bool) -> Pixels:
    """Crop the centre of a picture to the proportions of (width, height), and scale it to them.

    Crop first: a narrow picture scaled as a whole could be a thousand times too large.
    """
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    across = min(pixels.shape[1], max(1, round(width / scale)))
    down = min(pixels.shape[0], max(1, round(height / scale)))
    left, top = (pixels.shape[1] - across) // 2, (pixels.shape[0] - down) // 2
    center = cut(pixels, Frame(top, left, across, down))
    if (across, down) == (width, height):
        return center
    if not opaque:  # premultiplied by alpha, as above
        image = Image.fromarray(center).convert("RGBa").resize((width, height))
        return np.array(image.convert("RGBA"))
    filter_ = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(center, (width, height), interpolation=filter_), np.uint8)
