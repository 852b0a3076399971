"""Decodes masks and trimaps: images of which one level per pixel counts."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.errors import DamagedImage
from gateway.images.color import GREY_16_BIT_MODES
from gateway.images.decode import make_upright
from gateway.images.header import DECODER_ERRORS, Header
from gateway.images.soft_pixels import CHUNK_PIXELS

Levels = NDArray[np.uint8]
"""(H, W): 0 is background, 255 is foreground."""

UNDECIDED = 128
"""Level of a trimap that leaves a pixel as the mask has it."""


def decode_mask(header: Header) -> Levels:
    """Return alpha where the image has transparent pixels, so that a cut-out is a mask; else grey.

    Grey levels count as they are, without their colour profile; of colours, the luma.

    Raises:
        DamagedImage: the file is truncated or damaged, or has 32-bit channels.
    """
    levels, alpha = _load(header, "mask")
    if alpha is not None and alpha.min() < 255:
        levels = alpha
    return make_upright(levels, header.orientation)


def decode_trimap(header: Header) -> Levels:
    """Return the grey levels over `UNDECIDED`: strokes on a transparent layer are a trimap too.

    Raises:
        DamagedImage: as for masks.
    """
    levels, alpha = _load(header, "trimap")
    if alpha is not None:
        levels = np.array(levels)  # Pillow's is read-only
        soft = np.flatnonzero(alpha < 255)
        for start in range(0, soft.size, CHUNK_PIXELS):  # to limit memory
            some = soft[start : start + CHUNK_PIXELS]
            share = alpha.reshape(-1)[some].astype(np.uint16)
            mixed = (levels.reshape(-1)[some] * share + UNDECIDED * (255 - share) + 127) // 255
            levels.reshape(-1)[some] = mixed
    return make_upright(levels, header.orientation)


def _load(header: Header, name: str) -> tuple[Levels, Levels | None]:
    """Return grey levels and, where the file can have transparent pixels, alpha; close the file."""
    image = header.image
    try:
        image.load()
        if image.mode in ("I", "F"):
            raise ValueError("32-bit channels")
        levels, alpha = _grey(image), None
        if image.has_transparency_data:
            alpha = np.ascontiguousarray(image.convert("RGBA").getchannel("A"))
    except DECODER_ERRORS as error:
        raise DamagedImage(
            f"The {name} is cut short, damaged or of a kind that is not read."
        ) from error
    image.close()
    return np.ascontiguousarray(levels), alpha


def _grey(image: Image.Image) -> Levels:
    if image.mode in GREY_16_BIT_MODES:
        return (np.asarray(image) >> 8).astype(np.uint8)
    return np.asarray(image.convert("L"))
