"""How much memory a removal takes: what admission counts."""

from gateway.images import geometry
from gateway.images.header import Header
from gateway.images.matte import Box
from gateway.options import Format, Options
from gateway.options.placement import ORIGINAL

WEBP_BUFFERS = 3
"""What libwebp takes on top, measured: some 28 bytes a pixel."""


def pixels(read: Header, behind: Header | None, options: Options, max_pixels: int) -> int:
    """What a removal takes up, in pixels of about 9 bytes: its pictures and further buffers.

    Args:
        read: the image.
        behind: the picture to lay behind it.
        options: what is to be done.
        max_pixels: that a result may have.
    """
    size = options.result_size(*read.size)
    if options.crop:
        frame = geometry.around(Box(0, 0, *size), options.crop_margin)
        size = frame.width, frame.height
    buffers = (
        options.crop
        + (options.roi is not None)
        + (behind is not None)
        + 2 * (options.placement != ORIGINAL)
        + (options.shadow > 0)
        + WEBP_BUFFERS * (options.format is Format.WEBP)
    )
    pictures = read.pixels + (2 * behind.pixels if behind else 0)
    return pictures + buffers * min(size[0] * size[1], max_pixels)
