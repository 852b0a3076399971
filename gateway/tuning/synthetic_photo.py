"""A generated photo to measure with, so that no file is needed."""

import cv2
import numpy as np
import simplejpeg

QUALITY = 90


def synthetic_photo(megapixels: float) -> bytes:
    """Return a 4:3 JPEG of a soft-edged ball in front of a plain wall, with camera-like noise.

    The noise makes it as expensive to decode and encode as a real photo. The model finds the ball,
    so that a part of the result is transparent and its edge is soft.

    Args:
        megapixels: width times height, in millions.
    """
    width = max(8, round((megapixels * 1e6 * 4 / 3) ** 0.5))
    height = max(8, round(width * 3 / 4))
    down, across = np.indices((height, width), np.float32)
    distance = np.hypot(across - width / 2, down - height / 2) / (height * 0.35)
    disc = np.asarray(distance < 1, np.float32)
    inside = np.asarray(cv2.GaussianBlur(disc, (0, 0), max(1, height / 400)))[..., None]
    light = np.clip(1.2 - distance, 0.2, 1)[..., None]
    ball = light * np.array([230, 90, 40], np.float32)
    wall = 150 + 60 * (down / height)[..., None] * np.ones(3, np.float32)
    noise = np.random.default_rng(0).standard_normal((height, width, 3), np.float32)
    pixels = np.clip(inside * ball + (1 - inside) * wall + 2 * noise, 0, 255)
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels, np.uint8), quality=QUALITY))
