"""Composes the result from a picture and its mask."""

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.errors import BadOption, NoForeground
from gateway.images import encode, foreground, geometry, masking, matte, shadow
from gateway.images.corrections import NONE, Corrections
from gateway.images.matte import Alpha, Box
from gateway.images.picture import Picture, Pixels
from gateway.images.soft_pixels import CHUNK_PIXELS
from gateway.options import Color, Format, Options


@dataclass(frozen=True)
class Composition:
    """Finished pixels, ready to be encoded."""

    pixels: Pixels
    """(H, W, 4). With `channels=alpha` and for a ZIP, transparent pixels keep their colours."""
    opaque: bool
    """Alpha is 255 everywhere."""
    foreground: Box | None
    """Bounding box of the foreground; None if nothing was found."""
    dpi: tuple[float, float] | None


def compose(
    picture: Picture,
    mask: NDArray[np.uint8],
    options: Options,
    backdrop: Picture | None = None,
    max_pixels: int = sys.maxsize,
    corrections: Corrections = NONE,
) -> Composition:
    """Cut out the foreground, and apply crop, placement, shadow and background as the options say.

    Args:
        picture: its buffer is changed, and becomes the result's unless the options crop or move.
        mask: (side, side), from the model; or the caller's, (H, W) of any size.
        options: of the request.
        backdrop: picture behind the foreground, scaled until it covers the result; its buffer is
            changed.
        max_pixels: limit for the result, which a margin may make larger than the picture.
        corrections: of the request.

    Raises:
        BadOption: the margin makes the result larger than `max_pixels`, or than its format allows.
        NoForeground: nothing was found, and `options.must_find` is set.
    """
    alpha = masking.apply(picture, mask, options, corrections)
    pixels, box = picture.pixels, matte.bounding_box(alpha)
    if options.must_find and not box:
        raise NoForeground
    if box:
        pixels, box = _arrange(pixels, box, options, max_pixels)
        alpha = alpha if pixels is picture.pixels else pixels[..., 3].copy()
    opaque = False
    if not options.is_matte:
        if box and options.shadow:
            composite_over(pixels, alpha, shadow.drop_shadow(alpha, box, options.shadow))
            alpha = pixels[..., 3].copy()
        opaque = _add_background(pixels, alpha, options.background, backdrop)
    if options.format is Format.ZIP and not opaque:
        foreground.fill_transparent(pixels, pixels[..., 3].copy())
    return Composition(pixels, opaque, box, picture.dpi)


def _arrange(pixels: Pixels, box: Box, options: Options, max_pixels: int) -> tuple[Pixels, Box]:
    """Crop to the subject, then scale and position it."""
    if options.crop:
        frame = geometry.crop_frame(box, options.crop_margin)
        encode.check_side(options.format, frame.width, frame.height)
        if frame.pixels > max(max_pixels, pixels.shape[0] * pixels.shape[1]):
            raise BadOption(
                "crop_margin",
                "crop_margin makes the result too large: choose less, or a smaller size.",
            )
        pixels, box = geometry.cut(pixels, frame), geometry.box_in_frame(box, frame)
    return geometry.apply_placement(pixels, box, options.placement)


def composite_over(pixels: Pixels, alpha: Alpha, background: Color | Pixels) -> None:
    """Put a colour or a picture behind the foreground, in place: Porter and Duff's "over".

    Args:
        pixels: (H, W, 4), the foreground; is changed.
        alpha: (H, W), as in `pixels`.
        background: one RGBA colour, or (H, W, 4); opaque or not.
    """
    packed = pixels.view(np.uint32)[..., 0]  # one integer per pixel, for fast copying
    packed_background = np.asarray(background, np.uint8).view(np.uint32)
    np.copyto(packed, packed_background[..., 0], where=alpha == 0)
    flat, packed_background = pixels.reshape(-1, 4), packed_background.reshape(-1)
    soft = matte.indices_between(alpha, 1, 255)
    for start in range(0, soft.size, CHUNK_PIXELS):
        indices = soft[start : start + CHUNK_PIXELS]
        front = flat[indices].astype(np.float32)
        is_picture = packed_background.size > 1
        behind = packed_background[indices] if is_picture else packed_background
        back = behind.view(np.uint8).reshape(-1, 4).astype(np.float32)
        front_share = front[:, 3:] / 255
        back_share = back[:, 3:] / 255 * (1 - front_share)
        total = front_share + back_share
        mixed = (front[:, :3] * front_share + back[:, :3] * back_share) / total
        flat[indices, :3] = np.rint(mixed)
        flat[indices, 3] = np.rint(total[:, 0] * 255)


def _add_background(
    pixels: Pixels, alpha: Alpha, color: Color | None, backdrop: Picture | None
) -> bool:
    """Put backdrop and colour behind the foreground; return whether the result is opaque.

    If it is not, pixels of alpha 0 are set to black: the old background must not leave the
    service, and the PNG becomes smaller and three times faster to write.
    """
    if backdrop:
        height, width, _ = pixels.shape
        background = geometry.cover(backdrop.pixels, width, height, opaque=backdrop.opaque)
        if color and not backdrop.opaque:
            composite_over(background, background[..., 3].copy(), color)
        composite_over(pixels, alpha, background)
    elif color:
        composite_over(pixels, alpha, color)
    opaque = bool(color and color[3] == 255) or bool(backdrop and backdrop.opaque)
    if not opaque:
        packed = pixels.view(np.uint32)[..., 0]
        np.multiply(packed, pixels[..., 3] != 0, out=packed)
    return opaque
