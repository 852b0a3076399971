"""Colours of a file to sRGB: ICC profiles, and the modes that are no RGB."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from gateway.images.picture import Pixels

SRGB = ImageCms.createProfile("sRGB")

MODES = {"GRAY": "L", "CMYK": "CMYK"}
"""Pillow's mode for an ICC colour space that is not RGB."""

DEEP_GREY = ("I;16", "I;16L", "I;16B", "I;16N")
"""16-bit grey, which Pillow's own conversion would cut off at 255."""


def profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The image's ICC profile; None when it has none, a broken one, or sRGB itself."""
    data = image.info.get("icc_profile")
    if not data:
        return None
    try:
        read = ImageCms.ImageCmsProfile(BytesIO(data))
        return None if "sRGB" in ImageCms.getProfileDescription(read) else read
    except (ImageCms.PyCMSError, OSError):
        return None


def to_pixels(image: Image.Image) -> Pixels:
    """Bring a decoded image of any mode to sRGB pixels, and close it: its memory is freed early.

    A profile that does not fit the image's mode is ignored, as browsers do.

    Raises:
        ValueError: the mode holds no picture that can be shown, e.g. 32-bit floats.
    """
    rgba = _to_rgba(image)
    image.close()
    pixels = np.empty((rgba.height, rgba.width, 4), np.uint8)
    _view(pixels).paste(rgba)
    return pixels


def to_srgb_in_place(pixels: Pixels, source: ImageCms.ImageCmsProfile) -> None:
    """Convert RGB pixels from a profile to sRGB, in their own buffer; alpha stays."""
    ImageCms.profileToProfile(_view(pixels), source, SRGB, inPlace=True)


def _to_rgba(image: Image.Image) -> Image.Image:
    found = profile(image)
    if image.mode in DEEP_GREY:
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError("32-bit channels")
    space = found.profile.xcolor_space.strip() if found else ""
    if found and space in MODES and image.mode == MODES[space]:
        converted = ImageCms.profileToProfile(image, found, SRGB, outputMode="RGB")
        return (converted or image).convert("RGBA")
    rgba = image.convert("RGBA")
    if found and space == "RGB" and image.mode not in ("1", "L", "LA", "CMYK"):
        ImageCms.profileToProfile(rgba, found, SRGB, inPlace=True)
    return rgba


def _view(pixels: Pixels) -> Image.Image:
    """A Pillow image on the same memory: what is written to it is written to the pixels."""
    height, width, _ = pixels.shape
    view = Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1)
    view.readonly = 0  # or Pillow would copy before it writes
    return view
