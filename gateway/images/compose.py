"""From a picture and its mask to the finished pixels."""

import sys
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.errors import BadOption, NoForeground
from gateway.images import encode, foreground, geometry, matte, shadow
from gateway.images.foreground import CHUNK
from gateway.images.matte import Alpha, Box
from gateway.images.picture import Frame, Picture, Pixels
from gateway.options import Color, Format, Options


@dataclass(frozen=True)
class Composition:
    """Finished pixels, ready to be encoded."""

    pixels: Pixels
    """With `channels=alpha` and in a ZIP, the alpha channel alone says what is transparent."""
    opaque: bool
    """Alpha is 255 everywhere."""
    foreground: Box | None
    """Where the foreground is; None when nothing was found."""
    dpi: tuple[float, float] | None


def compose(
    picture: Picture,
    mask: NDArray[np.uint8],
    options: Options,
    backdrop: Picture | None = None,
    max_pixels: int = sys.maxsize,
) -> Composition:
    """Cut the picture out: straight alpha, clean edges, cropped and on a background if asked for.

    Args:
        picture: its buffer becomes the result's, unless that is cropped.
        mask: (1024, 1024), the model's.
        options: the caller's.
        backdrop: covers what lies behind the foreground; its buffer is written to.
        max_pixels: that the result may have; a margin may make it larger than the picture.

    Raises:
        BadOption: the margin makes the result larger than that, or than its format holds.
        NoForeground: nothing was found, and the options say that it must.
    """
    alpha = cut_out(picture, mask)
    pixels, box = picture.pixels, matte.box(alpha)
    if options.must_find and not box:
        raise NoForeground
    if box:
        pixels, box = _arrange(pixels, box, options, max_pixels)
        alpha = alpha if pixels is picture.pixels else pixels[..., 3].copy()
    opaque = False
    if not options.is_matte:
        if box and options.shadow:
            lay_on(pixels, alpha, shadow.under(pixels, alpha, box, options.shadow))
            alpha = pixels[..., 3].copy()
        opaque = _put_behind(pixels, alpha, options.background, backdrop)
    if options.format is Format.ZIP and not opaque:
        foreground.fill(pixels, pixels[..., 3].copy())
    return Composition(pixels, opaque, box, picture.dpi)


def _arrange(pixels: Pixels, box: Box, options: Options, max_pixels: int) -> tuple[Pixels, Box]:
    """Crop and place the subject."""
    if options.crop:
        frame = geometry.around(box, options.crop_margin)
        encode.check_side(options.format, frame.width, frame.height)
        if frame.pixels > max(max_pixels, pixels.shape[0] * pixels.shape[1]):
            raise BadOption(
                "crop_margin",
                "crop_margin makes the result too large: choose less, or a smaller size.",
            )
        pixels, box = geometry.cut(pixels, frame), geometry.moved(box, frame)
    return geometry.place(pixels, box, options.placement)


def cut_out(picture: Picture, mask: NDArray[np.uint8]) -> Alpha:
    """Give the picture its alpha, in place, and its soft edges the foreground's own colour."""
    if picture.seen:
        return _cut_out_part(picture, picture.seen, mask)
    pixels = picture.pixels
    alpha = matte.resize(mask, picture.width, picture.height)
    own = None if picture.opaque else pixels[..., 3].copy()
    cv2.insertChannel(alpha, pixels, 3)
    # Where the file is transparent itself, its colours never had that background in them.
    mixed = alpha if own is None else alpha * (own == 255)
    foreground.clean(pixels, mixed, picture.model_input, mask)
    if own is not None:
        alpha = np.asarray(cv2.multiply(alpha, own, scale=1 / 255), np.uint8)
        cv2.insertChannel(alpha, pixels, 3)
    return alpha


def _cut_out_part(picture: Picture, seen: Frame, mask: NDArray[np.uint8]) -> Alpha:
    """Cut out the part that the model looked at; all else is background."""
    part = replace(picture, pixels=geometry.cut(picture.pixels, seen), seen=None)
    inside = slice(seen.top, seen.top + seen.height), slice(seen.left, seen.left + seen.width)
    alpha = np.zeros(picture.pixels.shape[:2], np.uint8)
    alpha[inside] = cut_out(part, mask)
    picture.pixels[...] = 0
    picture.pixels[inside] = part.pixels
    return alpha


def lay_on(pixels: Pixels, alpha: Alpha, under: Color | Pixels) -> None:
    """Put a colour or a picture under the foreground, in place (Porter and Duff's "over").

    Args:
        pixels: (H, W, 4).
        alpha: (H, W), the same as in `pixels`.
        under: RGBA, or (H, W, 4); opaque or not.
    """
    words = pixels.view(np.uint32)[..., 0]
    below = np.asarray(under, np.uint8).view(np.uint32)
    np.copyto(words, below[..., 0], where=alpha == 0)
    flat, below = pixels.reshape(-1, 4), below.reshape(-1)
    soft = matte.between(alpha, 1, 255)
    for start in range(0, soft.size, CHUNK):
        indices = soft[start : start + CHUNK]
        over = flat[indices].astype(np.float32)
        behind = below[indices] if below.size > 1 else below
        back = behind.view(np.uint8).reshape(-1, 4).astype(np.float32)
        front_share = over[:, 3:] / 255
        back_share = back[:, 3:] / 255 * (1 - front_share)
        total = front_share + back_share
        mixed = (over[:, :3] * front_share + back[:, :3] * back_share) / total
        flat[indices, :3] = np.rint(mixed)
        flat[indices, 3] = np.rint(total[:, 0] * 255)


def _put_behind(
    pixels: Pixels, alpha: Alpha, color: Color | None, backdrop: Picture | None
) -> bool:
    """Lay the foreground on what was asked for; say whether the result is opaque.

    With nothing behind them, pixels of alpha 0 carry no colour: nothing of the old background
    leaves the service, and the PNG is smaller and three times faster to write.
    """
    if backdrop:
        height, width, _ = pixels.shape
        under = geometry.cover(backdrop.pixels, width, height, opaque=backdrop.opaque)
        if color and not backdrop.opaque:
            lay_on(under, under[..., 3].copy(), color)
        lay_on(pixels, alpha, under)
    elif color:
        lay_on(pixels, alpha, color)
    opaque = bool(color and color[3] == 255) or bool(backdrop and backdrop.opaque)
    if not opaque:
        words = pixels.view(np.uint32)[..., 0]
        np.multiply(words, pixels[..., 3] != 0, out=words)
    return opaque
