"""Print the peak memory of one request in bytes, and the pixels that admission counts for it.

KIND WIDTH HEIGHT [OPTION=VALUE…]; `bg_image=` adds a backdrop of one pixel, `mask=` and `trimap=` a
file as large as the image. The memory of the idle process is subtracted.
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

from gateway.images import memory_cost, png
from gateway.images.files import Files, read_headers
from gateway.images.picture import Pixels
from gateway.models.models import Models
from gateway.options import Options, parse
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.constant_model import ConstantModel


def status_bytes(field: str) -> int:
    """Return a field of this process's status: VmRSS is the current memory, VmHWM the peak."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    assert found
    return 1024 * int(found[1])


def jpeg(pixels: Pixels) -> bytes:
    """Encode a JPEG with the quality of a camera's."""
    return bytes(simplejpeg.encode_jpeg(pixels, quality=90, colorspace="RGBX"))


def rotated_jpeg(pixels: Pixels) -> bytes:
    """Encode a JPEG like that of a phone held upright, which is rotated after decoding."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    out = BytesIO()
    Image.fromarray(pixels).convert("RGB").save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


KINDS: dict[str, Callable[[Pixels], bytes]] = {
    "JPEG": jpeg,
    "JPEG on its side": rotated_jpeg,
    "PNG": partial(png.encode, opaque=True),
    "transparent PNG": partial(png.encode, opaque=False),
}


def main(kind: str, width: int, height: int, fields: dict[str, str]) -> None:
    """Measure one request in this process.

    Args:
        kind: one of KINDS.
        width: in pixels.
        height: in pixels.
        fields: options of the image.
    """
    backdrop = jpeg(_pixels(1, 1)) if fields.pop("bg_image", None) is not None else None
    mask, trimap = (
        _levels(width, height) if fields.pop(name, None) is not None else None
        for name in ("mask", "trimap")
    )
    options = parse(fields)
    square = np.zeros((1024, 1024), np.uint8)
    square[200:800, 200:800] = 255
    remover = Remover(
        Models.only(ConstantModel(square)), Settings(request_timeout_s=300, max_image_bytes=10**9)
    )
    small, large = (KINDS[kind](_pixels(*size)) for size in ((300, 200), (width, height)))
    with asyncio.Runner() as loop:
        loop.run(remover.remove(small, Options()))
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
        idle = status_bytes("VmRSS")
        loop.run(remover.remove_all(large, options, backdrop=backdrop, mask=mask, trimap=trimap))
    peak = status_bytes("VmHWM") - idle
    files = Files(large, backdrop, mask, trimap)
    headers = read_headers(files, max_bytes=10**9, max_pixels=10**9)
    counted = memory_cost.pixels(headers, options, 10**9)
    sys.stdout.write(f"{peak} {counted}\n")


def _levels(width: int, height: int) -> bytes:
    """Return a mask of a square, as a PNG with colours and alpha: the most memory."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = 255
    return png.encode(pixels)


def _pixels(width: int, height: int) -> Pixels:
    pixels = np.dstack((photo(width, height), np.full((height, width), 255, np.uint8)))
    pixels[0, 0, 3] = 0
    return pixels


if __name__ == "__main__":
    options = dict(argument.split("=", 1) for argument in sys.argv[4:])
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), options)
