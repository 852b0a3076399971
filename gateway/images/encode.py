"""Pixels to encoded files."""

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from gateway.images import png
from gateway.options import Format

JPEG_QUALITY = 90
"""Where artefacts stop being seen; the usual choice of image services."""


def encode(pixels: NDArray[np.uint8], format_: Format) -> bytes:
    """Encode (H, W, 3) or, for PNG, (H, W, 4) pixels."""
    if format_ is Format.JPG:
        encoded: bytes = simplejpeg.encode_jpeg(
            pixels, quality=JPEG_QUALITY, colorsubsampling="444"
        )
        return encoded
    return png.encode(pixels)
