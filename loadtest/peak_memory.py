"""One request's peak memory in bytes, and what admission counts for it in pixels.

KIND WIDTH HEIGHT [OPTION=VALUE…]; `bg_image=` puts one pixel behind. Memory is above the idle
process's.
"""

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

from gateway.images import footprint, header, png
from gateway.images.picture import Pixels
from gateway.options import Options, parse
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


def main(kind: str, width: int, height: int, fields: dict[str, str]) -> None:
    """Measure one request in this process."""
    backdrop = jpeg(_pixels(1, 1)) if fields.pop("bg_image", None) is not None else None
    options = parse(fields)
    mask = np.zeros((1024, 1024), np.uint8)
    mask[200:800, 200:800] = 255
    remover = Remover(StoredMask(mask), Settings(request_timeout_s=300, max_image_bytes=10**9))
    small, large = (KINDS[kind](_pixels(*size)) for size in ((300, 200), (width, height)))
    with asyncio.Runner() as loop:
        loop.run(remover.remove(small, Options()))
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
        idle = status_bytes("VmRSS")
        loop.run(remover.remove(large, options, backdrop=backdrop))
    peak = status_bytes("VmHWM") - idle
    read, *behind = (header.read(d, max_pixels=10**9) for d in (large, backdrop) if d)
    counted = footprint.pixels(read, behind[0] if behind else None, options, 10**9)
    sys.stdout.write(f"{peak} {counted}\n")


def _pixels(width: int, height: int) -> Pixels:
    pixels = np.dstack((photo(width, height), np.full((height, width), 255, np.uint8)))
    pixels[0, 0, 3] = 0
    return pixels


if __name__ == "__main__":
    given = dict(argument.split("=", 1) for argument in sys.argv[4:])
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), given)
