"""Decodes files to sRGB pixels, and makes upright pictures of them in the size of a result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from gateway.errors import DamagedImage
from gateway.images import color, geometry
from gateway.images.header import DECODER_ERRORS, JPEG_FORMATS, Header
from gateway.images.picture import Picture, Pixels
from gateway.options import Region
from serving.manifest import SIDE

GREY = 128
"""Level that the model sees behind an image's own transparency: dark and light subjects both stand
out against it."""

PILLOW_ONLY_ERRORS = ("extraneous bytes before marker 0xd9", "determine subsampling")
"""Errors of libjpeg-turbo's simple interface for valid files, which Pillow then decodes: padding
before the end, which some cameras write, and rare chroma subsamplings."""

UNDO_ORIENTATION: dict[int, Callable[[NDArray[np.uint8]], Any]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""Function that undoes each EXIF orientation."""


@dataclass(frozen=True)
class Original:
    """A decoded image at its own size, of which results of several sizes can be made."""

    pixels: Pixels
    """Turned as in the file; upright if there is a region."""
    opaque: bool
    orientation: int
    """Of the pixels; see `Header`."""
    model_input: NDArray[np.uint8]
    """See `Picture`, also for the next two. It depends on the file, the region and the model only,
    so that one mask serves results of all sizes."""
    overview: NDArray[np.uint8] | None
    dpi: tuple[float, float] | None
    shares: tuple[float, float, float, float] | None
    """Of the region; see `Region.shares`."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the upright image, in pixels."""
        height, width, _ = self.pixels.shape
        return (width, height) if self.orientation < 5 else (height, width)

    def picture(self, size: tuple[int, int], *, keep: bool = False) -> Picture:
        """Return the picture of a result.

        Args:
            size: (width, height) of the result, at most the image's own.
            keep: a further picture will be made. Else the pixels may become the picture's.
        """
        turned = size if self.orientation < 5 else size[::-1]
        pixels = make_upright(resize(self.pixels, *turned, opaque=self.opaque), self.orientation)
        return Picture(
            pixels=pixels.copy() if keep and pixels is self.pixels else pixels,
            opaque=self.opaque,
            model_input=self.model_input,
            overview=self.overview,
            dpi=self.dpi,
            roi=geometry.frame_of_shares(self.shares, *size) if self.shares else None,
        )


def decode(header: Header, region: Region | None = None, side: int = SIDE) -> Original:
    """Decode an image.

    Args:
        header: of the image.
        region: the part that the model sees; None: everything.
        side: height and width of the model's input; 0: the model does not see the image.

    Raises:
        DamagedImage: the file is truncated or damaged, or has 32-bit channels.
        BadOption: the region is not inside the image.
    """
    shares = region.shares(*header.size) if region else None
    try:
        pixels, opaque = _pixels(header)
    except DECODER_ERRORS as error:
        raise DamagedImage(
            "The image is cut short, damaged or of a kind that is not read."
        ) from error
    orientation, seen = header.orientation, pixels
    if shares:  # the region refers to the upright image, so turn it first, at full size
        pixels, orientation = make_upright(pixels, orientation), 1
        height, width, _ = pixels.shape
        seen = geometry.cut(pixels, geometry.frame_of_shares(shares, width, height))

    def small(side: int) -> NDArray[np.uint8]:
        return make_upright(model_input(seen, side, opaque=opaque), orientation)

    return Original(
        pixels,
        opaque,
        orientation,
        model_input=small(side) if side else np.empty((0, 0, 3), np.uint8),
        overview=small(SIDE) if 0 < side < SIDE else None,
        dpi=header.dpi,
        shares=shares,
    )


def make_upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation, 1 to 8."""
    if orientation == 1:
        return pixels
    return np.asarray(UNDO_ORIENTATION[orientation](pixels), np.uint8)


def resize(pixels: Pixels, width: int, height: int, *, opaque: bool) -> Pixels:
    """Shrink with antialiasing; return pixels of that size unchanged."""
    if pixels.shape[:2] == (height, width):
        return pixels
    if opaque:
        return _shrink(pixels, width, height)
    # Premultiplied by alpha ("RGBa"): else hidden colours of transparent pixels bleed into edges.
    image = Image.fromarray(pixels).convert("RGBa")
    return np.array(image.resize((width, height), Image.Resampling.BOX).convert("RGBA"))


def model_input(pixels: Pixels, side: int, *, opaque: bool) -> NDArray[np.uint8]:
    """Resize a picture to the model's input, (side, side, 3) sRGB."""
    resized = _shrink(pixels, side, side)
    rgb = cv2.cvtColor(resized, cv2.COLOR_RGBA2RGB)
    if not opaque:
        alpha = resized[..., 3:].astype(np.float32) / 255
        rgb = np.rint(rgb * alpha + GREY * (1 - alpha)).astype(np.uint8)
    return np.asarray(rgb, np.uint8)


def _shrink(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Shrink by averaging areas, first by exact halves: OpenCV's fast path halves the time.

    A halving drops an odd last row or column, a shift of less than 1 in 2000.
    """
    while pixels.shape[0] >= max(2 * height, 2000) and pixels.shape[1] >= max(2 * width, 2000):
        half_height, half_width = pixels.shape[0] // 2, pixels.shape[1] // 2
        even = pixels[: 2 * half_height, : 2 * half_width]
        half = cv2.resize(even, (half_width, half_height), interpolation=cv2.INTER_AREA)
        pixels = np.asarray(half, np.uint8)
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _pixels(header: Header) -> tuple[Pixels, bool]:
    image = header.image
    plain_grey = image.mode == "L" and "icc_profile" not in image.info
    if image.format in JPEG_FORMATS and (image.mode == "RGB" or plain_grey):
        try:
            return _jpeg(header), True
        except ValueError as error:
            if not any(reason in str(error) for reason in PILLOW_ONLY_ERRORS):
                raise
    opaque = not image.has_transparency_data
    image.load()
    return color.to_pixels(image), opaque


def _jpeg(header: Header) -> Pixels:
    """Decode with libjpeg-turbo into RGBA: a quarter of Pillow's time, and truncation is an error.

    Always at full size, also for a small result. A fraction would save a quarter of the time, but
    the model would see other pixels, and a cached mask would depend on who has asked first.
    """
    if simplejpeg.decode_jpeg_header(header.data)[:2] != header.image.size[::-1]:
        # The pixel limit was checked on the size that Pillow read.
        raise ValueError("Pillow and libjpeg-turbo read different sizes")
    pixels = np.asarray(simplejpeg.decode_jpeg(header.data, "RGBA"), np.uint8)
    color.to_srgb_in_place(pixels, header.image)
    return pixels
