"""The photos to send: real ones, cropped, and enlarged or reduced to several sizes."""

import random
from collections.abc import Callable
from functools import cache

import cv2
import simplejpeg

from serving.photos import PHOTOS

ASPECT = 1.5
"""Width by height of most cameras."""
QUALITY = 90


def chooser(megapixels: str) -> Callable[[], bytes]:
    """Return a function that returns a random photo; all sizes are equally frequent.

    Args:
        megapixels: the sizes, separated by commas: `0.3,1,4`.
    """
    sizes = _sizes(megapixels)
    return lambda: photo(random.randrange(len(PHOTOS)), random.choice(sizes))


def prepare(megapixels: str) -> None:
    """Encode all photos before the run: during it, encoding one would block all users."""
    for size in _sizes(megapixels):
        for number in range(len(PHOTOS)):
            photo(number, size)


def _sizes(megapixels: str) -> list[float]:
    return [float(size) for size in megapixels.split(",")]


@cache
def photo(number: int, megapixels: float) -> bytes:
    """Return a JPEG of about this size: the largest 3:2 crop of a photo, enlarged or reduced.

    Args:
        number: index of the photo in PHOTOS.
        megapixels: size of the result.
    """
    pixels = PHOTOS[number].pixels()
    height, width = pixels.shape[:2]
    height, width = min(height, int(width / ASPECT)), min(width, int(height * ASPECT))
    side = (megapixels * 1e6 / ASPECT) ** 0.5
    size = round(side * ASPECT), round(side)
    scaled = cv2.resize(pixels[:height, :width], size, interpolation=cv2.INTER_AREA)
    return bytes(simplejpeg.encode_jpeg(scaled, quality=QUALITY))
