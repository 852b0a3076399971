"""The image path before and after the model: from file to picture, and from mask to file.

Blocking: call both in a thread.
"""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.images import compose, decode, encode, geometry, levels, matte
from gateway.images.corrections import Corrections
from gateway.images.files import Headers
from gateway.images.matte import Box
from gateway.images.picture import Picture
from gateway.observability import tracing
from gateway.options import Options
from serving.manifest import SIDE


@dataclass(frozen=True)
class Decoded:
    """The result of `decode_images`."""

    picture: Picture
    backdrop: Picture | None
    corrections: Corrections
    pixels: int
    """Of all files, the mask included."""
    seconds: float


def decode_images(headers: Headers, options: Options, side: int = SIDE) -> Decoded:
    """Decode an image and the files that come with it, but for the mask.

    Args:
        headers: of the files.
        options: of the request.
        side: height and width of the model's input.

    Raises:
        DamagedImage: a file is truncated or damaged.
        BadOption: a region is not inside the image, or the format cannot store the size.
    """
    started = time.perf_counter()
    image, backdrop = headers.image, headers.backdrop
    size = options.result_size(*image.size)
    encode.check_side(options.format, *size)
    keep, erase = (
        tuple(geometry.frame_of_shares(region.shares(*image.size), *size) for region in regions)
        for regions in (options.keep, options.erase)
    )
    with tracing.span("decode", _size_attributes(image.size)):
        picture = decode.decode(image, size, options.roi, side)
        decoded_backdrop = None
        if backdrop:
            # Decode at most its own size; composing enlarges it if necessary.
            width, height = geometry.cover_size(*backdrop.size, *size)
            decoded_size = min(width, backdrop.size[0]), min(height, backdrop.size[1])
            decoded_backdrop = decode.decode(backdrop, decoded_size)
        trimap = levels.decode_trimap(headers.trimap) if headers.trimap else None
    corrections = Corrections(headers.mask is not None, keep, erase, trimap)
    seconds = time.perf_counter() - started
    return Decoded(picture, decoded_backdrop, corrections, headers.pixels, seconds)


@dataclass(frozen=True)
class EncodedResult:
    """An encoded result, and what is reported with it."""

    data: bytes = field(repr=False)
    width: int
    height: int
    foreground: Box | None
    confidence: float
    compose_s: float
    encode_s: float


def compose_and_encode(
    decoded: Decoded, mask: NDArray[np.uint8], options: Options, max_pixels: int
) -> EncodedResult:
    """Compose the result from the mask, and encode it.

    Args:
        decoded: as returned by `decode_images`.
        mask: (side, side), from the model; or the caller's, as decoded.
        options: of the request.
        max_pixels: limit for a result with margins.

    Raises:
        BadOption: the result would be too large.
        NoForeground: nothing was found, and `options.must_find` is set.
    """
    started = time.perf_counter()
    with tracing.span("compose"):
        done = compose.compose(
            decoded.picture, mask, options, decoded.backdrop, max_pixels, decoded.corrections
        )
    composed_at = time.perf_counter()
    height, width, _ = done.pixels.shape
    with tracing.span("encode", _size_attributes((width, height))):
        if options.is_matte:
            data = encode.encode_alpha(done.pixels, options.format, dpi=done.dpi)
        else:
            data = encode.encode(done.pixels, options.format, opaque=done.opaque, dpi=done.dpi)
    return EncodedResult(
        data=data,
        width=width,
        height=height,
        foreground=done.foreground,
        confidence=matte.confidence(mask),
        compose_s=composed_at - started,
        encode_s=time.perf_counter() - composed_at,
    )


def _size_attributes(size: tuple[int, int]) -> dict[str, int]:
    return {"clearbg.width": size[0], "clearbg.height": size[1]}
