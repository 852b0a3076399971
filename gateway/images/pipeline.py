"""The image path before and after the model: from file to pixels, and from mask to files.

Blocking: call `decode_images` and `compose_and_encode` in a thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gateway.images import compose, decode, encode, geometry, levels, matte
from gateway.images.corrections import Corrections
from gateway.images.decode import Original
from gateway.images.files import Headers
from gateway.images.matte import Box
from gateway.images.picture import Picture
from gateway.observability import tracing
from gateway.options import Options, variants
from serving.manifest import SIDE


@dataclass(frozen=True)
class Pictures:
    """What one result is composed of, besides the mask."""

    picture: Picture
    backdrop: Picture | None
    corrections: Corrections


@dataclass(frozen=True)
class Decoded:
    """The result of `decode_images`."""

    model_input: NDArray[np.uint8]
    """See `Picture`."""
    pictures: Callable[[Options], Pictures]
    """Returns the pictures of one result. Composing changes them."""
    pixels: int
    """Of all files, the mask included."""
    seconds: float


def check(headers: Headers, options: Options) -> None:
    """Check the options against the image's size, before anything is decoded.

    Raises:
        BadOption: a region is not inside the image, or a format cannot store its result.
    """
    width, height = headers.image.size
    for number, each in options.numbered:
        with variants.naming_variant(number):
            encode.check_side(each.format, *each.result_size(width, height))
            for region in (*filter(None, [each.roi]), *each.keep, *each.erase):
                region.shares(width, height)


def decode_images(headers: Headers, options: Options, side: int = SIDE) -> Decoded:
    """Decode an image and the files that come with it, but for the mask.

    Args:
        headers: of the files.
        options: of the request, which `check` accepts.
        side: height and width of the model's input.

    Raises:
        DamagedImage: a file is truncated or damaged.
    """
    started = time.perf_counter()
    with tracing.span("decode", _size_attributes(headers.image.size)):
        original = decode.decode(headers.image, options.roi, side)
        backdrop = decode.decode(headers.backdrop, side=0) if headers.backdrop else None
        trimap = levels.decode_trimap(headers.trimap) if headers.trimap else None
        all_hints = Corrections(headers.mask is not None, trimap=trimap)
        several = bool(options.variants)

        def pictures(options: Options) -> Pictures:
            return _pictures(original, backdrop, all_hints, options, keep=several)

        # For one result the original is not needed any more: a smaller picture frees its memory.
        of_result = pictures if several else _only(pictures(options))
    seconds = time.perf_counter() - started
    return Decoded(original.model_input, of_result, headers.pixels, seconds)


def _only(one: Pictures) -> Callable[[Options], Pictures]:
    return lambda _: one


def _pictures(
    original: Original,
    backdrop: Original | None,
    hints: Corrections,
    options: Options,
    *,
    keep: bool,
) -> Pictures:
    """Return the pictures in the size of a result.

    Args:
        original: the image.
        backdrop: as it was sent.
        hints: those that are the same for all results.
        options: of the result.
        keep: the originals will be needed again.
    """
    full_size = original.size
    size = options.result_size(*full_size)
    behind = None
    if backdrop:  # at most its own size; composing enlarges it if necessary
        width, height = geometry.cover_size(*backdrop.size, *size)
        behind_size = min(width, backdrop.size[0]), min(height, backdrop.size[1])
        behind = backdrop.picture(behind_size, keep=keep)
    kept, erased = (
        tuple(geometry.frame_of_shares(region.shares(*full_size), *size) for region in regions)
        for regions in (options.keep, options.erase)
    )
    corrections = Corrections(hints.has_mask, kept, erased, hints.trimap)
    return Pictures(original.picture(size, keep=keep), behind, corrections)


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
    """Compose one result from the mask, and encode it.

    Args:
        decoded: as returned by `decode_images`.
        mask: (side, side), from the model; or the caller's, as decoded.
        options: of the result.
        max_pixels: limit for a result with margins.

    Raises:
        BadOption: the result would be too large.
        NoForeground: nothing was found, and `options.must_find` is set.
    """
    started = time.perf_counter()
    with tracing.span("compose"):
        parts = decoded.pictures(options)
        done = compose.compose(
            parts.picture, mask, options, parts.backdrop, max_pixels, parts.corrections
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
