"""Prints one request's peak memory above the idle process, in bytes: KIND WIDTH HEIGHT."""

import asyncio
import re
import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import ExifTags, Image

from gateway.images import png
from gateway.images.picture import Pixels
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.stored_mask import StoredMask


def status_bytes(field: str) -> int:
    """A field of this process's status: VmRSS is now, VmHWM the peak."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    assert found
    return 1024 * int(found[1])


def jpeg(pixels: Pixels) -> bytes:
    """As a camera writes it."""
    return bytes(simplejpeg.encode_jpeg(pixels, quality=90, colorspace="RGBX"))


def sideways(pixels: Pixels) -> bytes:
    """As a phone held upright writes it: turned when it is decoded."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = BytesIO()
    Image.fromarray(pixels).convert("RGB").save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


KINDS: dict[str, Callable[[Pixels], bytes]] = {
    "JPEG": jpeg,
    "JPEG on its side": sideways,
    "PNG": partial(png.encode, opaque=True),
    "transparent PNG": partial(png.encode, opaque=False),
}


def main(kind: str, width: int, height: int) -> None:
    """Measure one request in this process."""
    mask = np.zeros((1024, 1024), np.uint8)
    mask[200:800, 200:800] = 255
    remover = Remover(StoredMask(mask), Settings(request_timeout_s=300, max_image_bytes=10**9))
    small, large = (KINDS[kind](_pixels(*size)) for size in ((300, 200), (width, height)))
    with asyncio.Runner() as loop:
        loop.run(remover.remove(small, Options()))
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
        idle = status_bytes("VmRSS")
        loop.run(remover.remove(large, Options()))
    sys.stdout.write(f"{status_bytes('VmHWM') - idle}\n")


def _pixels(width: int, height: int) -> Pixels:
    pixels = np.dstack((photo(width, height), np.full((height, width), 255, np.uint8)))
    pixels[0, 0, 3] = 0
    return pixels


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
