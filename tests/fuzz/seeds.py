"""Small valid files of every supported format, as seeds for fuzzing."""

from io import BytesIO
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()

SIDE = 24


def files() -> dict[str, bytes]:
    """Return encoded pictures by name: all formats, and all modes with special code."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 4), np.uint8)
    rgba = Image.fromarray(noise)
    rgb = rgba.convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "jpeg": (rgb, "JPEG", {}),
        "progressive jpeg": (rgb, "JPEG", {"progressive": True, "dpi": (72, 72)}),
        "rotated jpeg": (rgb, "JPEG", {"exif": exif}),
        "grey jpeg": (rgb.convert("L"), "JPEG", {}),
        "cmyk jpeg": (rgb.convert("CMYK"), "JPEG", {}),
        "png": (rgba, "PNG", {}),
        "palette png": (rgb.quantize(16), "PNG", {"transparency": 0}),
        "bilevel png": (rgb.convert("1"), "PNG", {}),
        "16 bit png": (Image.fromarray(noise[..., 0].astype(np.uint16) * 257), "PNG", {}),
        "webp": (rgba, "WEBP", {}),
        "lossless webp": (rgba, "WEBP", {"lossless": True}),
        "gif": (rgb.quantize(16), "GIF", {}),
        "bmp": (rgb, "BMP", {}),
        "tiff": (rgb, "TIFF", {}),
        "lzw tiff": (rgb, "TIFF", {"compression": "tiff_lzw"}),
        "avif": (rgb, "AVIF", {}),
        "heic": (rgb, "HEIF", {}),
    }
    return {name: _encode(*picture) for name, picture in pictures.items()}


def _encode(image: Image.Image, format_: str, options: dict[str, Any]) -> bytes:
    file = BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()
