"""Converts the colours of a file to sRGB: ICC profiles, and modes other than RGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from gateway.images.picture import Pixels

SRGB = ImageCms.createProfile("sRGB")

GREY_MODES = ("1", "L", "LA")
"""Greyscale modes: an RGB profile does not apply to them."""

GREY_16_BIT_MODES = ("I;16", "I;16L", "I;16B", "I;16N")
"""16-bit grey, whose levels Pillow's own conversion would clip at 255."""


def profile(image: Image.Image, space: str) -> ImageCms.ImageCmsProfile | None:
    """Return the image's ICC profile if it applies; None if there is none, or it is sRGB itself.

    A broken profile, or one for another colour space, is ignored, as in browsers.

    Args:
        image: an opened image.
        space: the colour space of its pixels: `RGB`, `CMYK` or `GRAY`.
    """
    data = image.info.get("icc_profile")
    if not data:
        return None
    try:
        parsed = ImageCms.ImageCmsProfile(BytesIO(data))
        name = ImageCms.getProfileDescription(parsed)
    except (ImageCms.PyCMSError, OSError):
        return None
    # Linear variants ("Linear sRGB", "sRGB g10") have another gamma.
    is_srgb = "sRGB" in name and not any(other in name for other in ("inear", "g10"))
    return None if is_srgb or parsed.profile.xcolor_space.strip() != space else parsed


def to_pixels(image: Image.Image) -> Pixels:
    """Convert an image of any mode to sRGB pixels, and close it to free its memory.

    Raises:
        ValueError: the mode has 32-bit channels, which have no defined range.
    """
    rgba = _to_rgba(image)
    image.close()
    pixels = np.empty((rgba.height, rgba.width, 4), np.uint8)
    _as_image(pixels).paste(rgba)
    return pixels


def to_srgb_in_place(pixels: Pixels, source: Image.Image) -> None:
    """Convert pixels with the profile of the RGB image that they were decoded from; keep alpha."""
    if icc := profile(source, "RGB"):
        _convert(_as_image(pixels), icc)


def _to_rgba(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F"):
        raise ValueError("32-bit channels")
    if image.mode in GREY_16_BIT_MODES:
        info = image.info
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        image.info = info
    if image.mode == "CMYK" and (icc := profile(image, "CMYK")):
        return _convert(image, icc, to="RGB").convert("RGBA")
    rgba = image.convert("RGBA")
    if image.mode in GREY_MODES and (icc := profile(image, "GRAY")):
        grey = _convert(image.convert("L"), icc, to="RGB").convert("RGBA")
        grey.putalpha(rgba.getchannel("A"))
        return grey
    if image.mode not in (*GREY_MODES, "CMYK") and (icc := profile(image, "RGB")):
        return _convert(rgba, icc)
    return rgba


def _convert(image: Image.Image, icc: ImageCms.ImageCmsProfile, to: str = "") -> Image.Image:
    """Convert to sRGB, in place unless to another mode; ignore a profile that cannot be applied."""
    try:
        return (
            ImageCms.profileToProfile(image, icc, SRGB, outputMode=to or None, inPlace=not to)
            or image
        )
    except ImageCms.PyCMSError:
        return image


def _as_image(pixels: Pixels) -> Image.Image:
    """Return a Pillow image that shares the memory of the pixels."""
    height, width, _ = pixels.shape
    view = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1)
    view.readonly = 0  # otherwise Pillow would copy the pixels before it writes
    return view
