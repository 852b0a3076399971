"""The photos that are sent: real ones, cropped or enlarged to several sizes."""

import random
from collections.abc import Callable
from functools import cache

import cv2
import simplejpeg

from serving.photos import PHOTOS

ASPECT = 1.5
"""Of most cameras: width by height."""
QUALITY = 90


def chooser(megapixels: str) -> Callable[[], bytes]:
    """What gives one of the photos at random, each size as often as the others.

    Args:
        megapixels: the sizes, such as `0.3,1,4`.
    """
    sizes = _sizes(megapixels)
    return lambda: photo(random.randrange(len(PHOTOS)), random.choice(sizes))


def prepare(megapixels: str) -> None:
    """Make them all before the run: making one stops all users for a moment."""
    for size in _sizes(megapixels):
        for number in range(len(PHOTOS)):
            photo(number, size)


def _sizes(megapixels: str) -> list[float]:
    return [float(size) for size in megapixels.split(",")]


@cache
def photo(number: int, megapixels: float) -> bytes:
    """A JPEG of about this size: the largest 3:2 crop of a photo, enlarged or shrunk."""
    pixels = PHOTOS[number].pixels()
    height, width = pixels.shape[:2]
    height, width = min(height, int(width / ASPECT)), min(width, int(height * ASPECT))
    side = (megapixels * 1e6 / ASPECT) ** 0.5
    size = round(side * ASPECT), round(side)
    scaled = cv2.resize(pixels[:height, :width], size, interpolation=cv2.INTER_AREA)
    return bytes(simplejpeg.encode_jpeg(scaled, quality=QUALITY))
