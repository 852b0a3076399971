"""Moves edges outward and inward: grey dilation and erosion by a round kernel.

Large kernels are polygons, sums of line segments in up to eight directions, and each segment is
swept by doubling: a maximum over 2^n pixels takes n steps. So the time grows with the logarithm of
the radius, and soft edges are moved without becoming harder.
"""

import math

import cv2
import numpy as np

from gateway.images.matte import Alpha

MAX_DISC = 4
"""Largest radius, in pixels, of an exact disc: 57 comparisons per pixel."""
MIN_KNIGHT = 10
"""Smallest radius of a polygon with sides in the directions of a knight's move."""

Segment = tuple[int, int, int]
"""A step in rows and in columns, and how many steps the segment has to each side."""


def move_edge(alpha: Alpha, pixels: int) -> Alpha:
    """Return alpha with its edges moved outward by some pixels, or inward if negative.

    What lies beyond the picture does not count.
    """
    if pixels < 0:
        return np.asarray(255 - _dilate(np.asarray(255 - alpha, np.uint8), -pixels), np.uint8)
    return _dilate(alpha, pixels) if pixels else alpha


def segments(radius: int) -> list[Segment]:
    """Return the segments whose sum is a polygon of 8 or 16 sides, close to a disc.

    Args:
        radius: more than `MAX_DISC`, in pixels.
    """
    # A regular polygon's sides are 2 r tan(pi / n) long; a diagonal step is longer than a pixel.
    sides = 16 if radius >= MIN_KNIGHT else 8
    half = radius * math.tan(math.pi / sides)
    diagonal = round(half / math.sqrt(2))
    # One straight step at least closes the gaps that the other segments leave.
    most = (radius - 2 * diagonal - 1) // 6
    knight = min(round(half / math.sqrt(5)), most) if sides == 16 else 0
    straight = radius - 2 * diagonal - 6 * knight
    return [
        *((dy, dx, straight) for dy, dx in ((0, 1), (1, 0))),
        *((1, dx, diagonal) for dx in (1, -1)),
        *((dy, dx * sign, knight) for dy, dx in ((1, 2), (2, 1)) for sign in (1, -1)),
    ]


def _dilate(alpha: Alpha, radius: int) -> Alpha:
    if radius <= MAX_DISC:
        rows, columns = np.ogrid[-radius : radius + 1, -radius : radius + 1]
        disc = (np.hypot(rows, columns) <= radius + 0.25).astype(np.uint8)
        return np.asarray(cv2.dilate(alpha, disc, borderValue=0), np.uint8)
    swept = np.pad(alpha, radius)
    for dy, dx, steps in segments(radius):
        swept = _sweep(swept, dy, dx, 2 * steps + 1)
    return swept


def _sweep(alpha: Alpha, dy: int, dx: int, length: int) -> Alpha:
    """Return the maximum over each segment inside the picture: so much smaller, and centred.

    Args:
        alpha: (H, W).
        dy: a step in rows, 0 or more.
        dx: a step in columns.
        length: pixels of the segment.
    """
    covered = 1
    while covered < length:
        steps = min(covered, length - covered)
        down, right = steps * dy, steps * abs(dx)
        upper, lower = alpha[: len(alpha) - down], alpha[down:]
        start, end = slice(0, alpha.shape[1] - right), slice(right, None)
        if dx < 0:
            start, end = end, start
        alpha = np.maximum(upper[:, start], lower[:, end])
        covered += steps
    return alpha
