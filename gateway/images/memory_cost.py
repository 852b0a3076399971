"""Estimates the memory of a removal, which admission counts."""

from gateway.images import geometry
from gateway.images.files import Headers
from gateway.images.matte import Box
from gateway.options import Format, Options
from gateway.options.placement import ORIGINAL

WEBP_BUFFERS = 3
"""Buffers of about 9 bytes per pixel that libwebp takes: measured, about 28 bytes per pixel."""


def pixels(headers: Headers, options: Options, max_pixels: int) -> int:
    """Return the memory of a removal in pixels of about 9 bytes: its pictures and other buffers.

    Args:
        headers: of its files.
        options: of the request.
        max_pixels: limit for a result.
    """
    backdrop = headers.backdrop
    # A backdrop's buffer is cropped to a copy.
    pictures = headers.pixels + (backdrop.pixels if backdrop else 0)
    if not options.variants:
        return pictures + _buffers(headers, options) * _result_pixels(headers, options, max_pixels)
    # Each result needs a copy of its own beside the image, and stays until all are done.
    return pictures + sum(
        (1 + _buffers(headers, each)) * _result_pixels(headers, each, max_pixels)
        for each in options.variants
    )


def _result_pixels(headers: Headers, options: Options, max_pixels: int) -> int:
    size = options.result_size(*headers.image.size)
    if options.crop:
        frame = geometry.crop_frame(Box(0, 0, *size), options.crop_margin)
        size = frame.width, frame.height
    return min(size[0] * size[1], max_pixels)


def _buffers(headers: Headers, options: Options) -> int:
    """Return how many buffers of its size a result needs beside its picture."""
    return (
        options.crop
        + (options.roi is not None)
        + (headers.backdrop is not None)
        + options.edges.changes_alpha
        + 2 * (options.placement != ORIGINAL)
        + (options.shadow > 0)
        + WEBP_BUFFERS * (options.format is Format.WEBP)
    )
