"""The two steps around the model: from file to picture, and from mask to file. In threads."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway import tracing
from gateway.images import compose, decode, encode, geometry, matte
from gateway.images.header import Header
from gateway.images.matte import Box
from gateway.images.picture import Picture
from gateway.options import Options


@dataclass(frozen=True)
class Decoded:
    """What the second step needs."""

    picture: Picture
    backdrop: Picture | None
    seconds: float


def begin(read: Header, behind: Header | None, options: Options) -> Decoded:
    """Decode an image, and the picture to lay behind its foreground.

    Args:
        read: the image.
        behind: that picture, if there is one.
        options: as parsed.

    Raises:
        DamagedImage, BadOption: the caller's to mend.
    """
    started = time.perf_counter()
    size = options.result_size(*read.size)
    encode.check_side(options.format, *size)
    with tracing.span("decode", _sizes(read.size)):
        picture = decode.decode(read, size, options.roi)
        backdrop = None
        if behind:
            # It is enlarged only when it is laid behind, if at all.
            across, down = geometry.cover_size(*behind.size, *size)
            within = min(across, behind.size[0]), min(down, behind.size[1])
            backdrop = decode.decode(behind, within)
    return Decoded(picture, backdrop, time.perf_counter() - started)


@dataclass(frozen=True)
class Finished:
    """One result."""

    data: bytes = field(repr=False)
    width: int
    height: int
    foreground: Box | None
    confidence: float
    compose_s: float
    encode_s: float


def finish(
    decoded: Decoded, mask: NDArray[np.uint8], options: Options, max_pixels: int
) -> Finished:
    """Compose and encode.

    Args:
        decoded: by the first step.
        mask: (1024, 1024), by the model.
        options: as parsed.
        max_pixels: of a result with margins.

    Raises:
        BadOption: the result would be too large.
    """
    started = time.perf_counter()
    with tracing.span("compose"):
        done = compose.compose(decoded.picture, mask, options, decoded.backdrop, max_pixels)
    composed_at = time.perf_counter()
    height, width, _ = done.pixels.shape
    with tracing.span("encode", _sizes((width, height))):
        if options.is_matte:
            data = encode.matte(done.pixels, options.format, dpi=done.dpi)
        else:
            data = encode.encode(done.pixels, options.format, opaque=done.opaque, dpi=done.dpi)
    return Finished(
        data=data,
        width=width,
        height=height,
        foreground=done.foreground,
        confidence=matte.confidence(mask),
        compose_s=composed_at - started,
        encode_s=time.perf_counter() - composed_at,
    )


def _sizes(size: tuple[int, int]) -> dict[str, int]:
    return {"clearbg.width": size[0], "clearbg.height": size[1]}
