"""Colours of a file to sRGB: ICC profiles, and the modes that are no RGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from gateway.images.picture import Pixels

SRGB = ImageCms.createProfile("sRGB")

GREYS = ("1", "L", "LA")
"""Modes for which an RGB profile makes no sense."""

DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
"""16-bit grey, which Pillow's own conversion would cut off at 255."""


def profile(image: Image.Image, space: str) -> ImageCms.ImageCmsProfile | None:
    """The image's ICC profile for a colour space; None when there is none, or it is sRGB itself.

    A broken profile, and one of another space than the image's, is ignored, as browsers do.
    """
    data = image.info.get("icc_profile")
    if not data:
        return None
    try:
        read = ImageCms.ImageCmsProfile(BytesIO(data))
        name = ImageCms.getProfileDescription(read)
    except (ImageCms.PyCMSError, OSError):
        return None
    is_srgb = "sRGB" in name and not any(other in name for other in ("inear", "g10"))
    return None if is_srgb or read.profile.xcolor_space.strip() != space else read


def to_pixels(image: Image.Image) -> Pixels:
    """Bring a decoded image of any mode to sRGB pixels, and close it: its memory is freed early.

    Raises:
        ValueError: the mode holds no picture that can be shown, e.g. 32-bit floats.
    """
    rgba = _to_rgba(image)
    image.close()
    pixels = np.empty((rgba.height, rgba.width, 4), np.uint8)
    _view(pixels).paste(rgba)
    return pixels


def to_srgb_in_place(pixels: Pixels, source: Image.Image) -> None:
    """Convert pixels by the profile of the RGB image that they came from; alpha stays."""
    if found := profile(source, "RGB"):
        _convert(_view(pixels), found)


def _to_rgba(image: Image.Image) -> Image.Image:
    if image.mode in ("I", "F"):
        raise ValueError("32-bit channels")
    if image.mode in DEEP_GREY:
        info = image.info
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        image.info = info
    if image.mode == "CMYK" and (found := profile(image, "CMYK")):
        return _convert(image, found, to="RGB").convert("RGBA")
    rgba = image.convert("RGBA")
    if image.mode in GREYS and (found := profile(image, "GRAY")):
        grey = _convert(image.convert("L"), found, to="RGB").convert("RGBA")
        grey.putalpha(rgba.getchannel("A"))
        return grey
    if image.mode not in (*GREYS, "CMYK") and (found := profile(image, "RGB")):
        return _convert(rgba, found)
    return rgba


def _convert(image: Image.Image, found: ImageCms.ImageCmsProfile, to: str = "") -> Image.Image:
    """Convert to sRGB, in place unless to another mode; a profile that cannot is ignored."""
    try:
        return (
            ImageCms.profileToProfile(image, found, SRGB, outputMode=to or None, inPlace=not to)
            or image
        )
    except ImageCms.PyCMSError:
        return image


def _view(pixels: Pixels) -> Image.Image:
    """A Pillow image on the same memory: what is written to it is written to the pixels."""
    height, width, _ = pixels.shape
    view = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1)
    view.readonly = 0  # or Pillow would copy before it writes
    return view
