"""A PNG writer for photographs: one filter for all rows, and Intel's ISA-L for deflate.

PNG is the hidden cost of background removal: at 12 megapixels Pillow's default takes 1.4 s and its
fastest 0.7 s where this takes 0.1 s, and the file is no larger than theirs at level 1. `make bench`
measures it.
"""

import struct
import zlib

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SUB = 1
"""Each byte minus the one a pixel before it (PNG specification, 9.2): cheap, and good on photos."""
COLOR_TYPES = {3: 2, 4: 6}
"""PNG's colour type by channels: RGB and RGBA."""


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (H, W, 3) RGB or (H, W, 4) RGBA as PNG, 8 bits a channel."""
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    # Level 1: ISA-L's level 0 saves no time on photos, 2 and 3 no bytes.
    data = isal_zlib.compress(_filtered(pixels), level=1)
    return b"".join(
        (SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", data), *_chunk(b"IEND", b""))
    )


def _filtered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows as PNG stores them: the filter's number, then the filtered bytes."""
    height, width, channels = pixels.shape
    flat = pixels.reshape(height, width * channels)
    rows = np.empty((height, 1 + width * channels), np.uint8)
    rows[:, 0] = SUB
    rows[:, 1 : 1 + channels] = flat[:, :channels]
    np.subtract(flat[:, channels:], flat[:, :-channels], out=rows[:, 1 + channels :])
    return rows


def _chunk(kind: bytes, data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    checksum = isal_zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)
