"""Makes and reads image files for the decoder's tests."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from gateway.images import decode, header
from gateway.images.picture import Picture

MAX_PIXELS = 50_000_000


def read(data: bytes, size: tuple[int, int] | None = None) -> Picture:
    opened = header.read(data, max_pixels=MAX_PIXELS)
    return decode.decode(opened).picture(size or opened.size)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=-1, chroma=444, **options)
    return out.getvalue()


def png(width: int, height: int, rows: bytes, depth: int = 8) -> bytes:
    """Write a PNG of RGB rows by hand: Pillow cannot write 16-bit colours or invalid files."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def difference(picture: Picture, expected: Any) -> int:
    expected = np.asarray(expected, np.int16)
    return int(np.abs(picture.pixels[..., : expected.shape[2]] - expected).max())
