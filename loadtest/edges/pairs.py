"""Pictures whose true alpha is known.

They are composites: cut-outs over photos. The cut-outs' colours come from PyMatting or from their
files, never from this project's own estimation, which would flatter it.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from loadtest.edges.shapes import Cutout, Image, over, shapes
from serving.photos import PHOTOS

CLIPART = Path("/usr/share/openclipart/png")
"""Where Debian's package openclipart-png puts its drawings, which are in the public domain."""
CLIPART_COUNT = 40
BACKGROUNDS_PER_CUTOUT = 4
MIN_PIXELS, MAX_PIXELS = 1_000_000, 3_000_000
"""Smaller cut-outs are left out, and larger ones reduced."""


@dataclass(frozen=True)
class Pair:
    """A picture and its true alpha."""

    name: str
    held_out: bool
    """In the half that the constants of the refinement were not chosen by."""
    picture: Image
    """(H, W, 3) sRGB."""
    alpha: Image
    """(H, W)."""


def pairs(folder: Path | None) -> Iterator[Pair]:
    """Yield every cut-out over three backgrounds, in a fixed order.

    Args:
        folder: has pictures X_image.* with their X_alpha.png, and PNGs with transparency, in any
            subfolder, and photos in `backgrounds/`. None: shapes that are drawn here, and Debian's
            openclipart-png where it is installed, over the photos of scikit-image and others.
    """
    backgrounds = _backgrounds(folder)
    for number, cutout in enumerate(_from_folder(folder) if folder else _from_registries()):
        held_out = zlib.crc32(cutout.name.encode()) % 2 == 1
        # Neighbours are often of one series: three steps of three are different photos.
        for turn in range(BACKGROUNDS_PER_CUTOUT):
            name, background = backgrounds[(number + 3 * turn) % len(backgrounds)]
            yield Pair(f"{cutout.name} on {name}", held_out, over(cutout, background), cutout.alpha)


def _from_folder(folder: Path) -> Iterator[Cutout]:
    for file in sorted(folder.rglob("*.*")):
        if file.parent.name == "backgrounds":
            continue
        name = str(file.relative_to(folder).with_suffix(""))
        if file.stem.endswith("_alpha"):
            (photo,) = file.parent.glob(f"{file.stem.removesuffix('_alpha')}_image.*")
            yield from _matted(
                name.removesuffix("_alpha"), _read(photo)[..., :3], _read(file)[..., 0]
            )
        elif file.suffix == ".png" and not file.stem.endswith(PARTS):
            yield from _transparent(name, _read(file))


PARTS = ("_image", "_trimap", "_foreground")
"""File names of what belongs to an alpha."""


def _from_registries() -> Iterator[Cutout]:
    files = sorted(CLIPART.rglob("*.png"))
    for file in files[:: max(1, len(files) // CLIPART_COUNT)]:
        yield from _transparent(file.stem, _read(file))
    yield from shapes(1600, 1200)


def _transparent(name: str, pixels: Image) -> Iterator[Cutout]:
    """Yield a PNG's own cut-out, if it has one."""
    alpha = pixels[..., 3]
    if alpha.size >= MIN_PIXELS and 0.02 < (alpha > 127).mean() < 0.98:
        yield Cutout(name, *_reduced(pixels[..., :3], alpha))


def _matted(name: str, photo: Image, alpha: Image) -> Iterator[Cutout]:
    """Yield a matte with its foreground's colours, as PyMatting estimates them."""
    from pymatting import estimate_foreground_ml  # of the extra `bench`: tests draw their pictures

    height, width = alpha.shape
    if alpha.size >= MIN_PIXELS:
        photo = _resized(photo, width, height)
        colors = estimate_foreground_ml(photo / 255, alpha / 255) * 255
        yield Cutout(name, *_reduced(np.rint(colors).astype(np.uint8), alpha))


def _reduced(colors: Image, alpha: Image) -> tuple[Image, Image]:
    scale = min(1, np.sqrt(MAX_PIXELS / alpha.size))
    width, height = (round(side * scale) for side in alpha.shape[::-1])
    return _resized(colors, width, height), _resized(alpha, width, height)


def _resized(image: Image, width: int, height: int) -> Image:
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _backgrounds(folder: Path | None) -> list[tuple[str, Image]]:
    if folder:
        files = sorted((folder / "backgrounds").iterdir())
        return [(file.stem, _read(file)[..., :3]) for file in files]
    return [(photo.name, photo.pixels()) for photo in PHOTOS]


def _read(file: Path) -> Image:
    """Return a file's pixels, (H, W, 4)."""
    pixels = np.asarray(cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGBA), np.uint8)
    code = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGBA
    return np.asarray(cv2.cvtColor(pixels, code), np.uint8)
