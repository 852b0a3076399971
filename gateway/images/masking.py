"""Makes alpha of a mask, in the picture's size, and gives soft edges their foreground's colours.

mask -> resize -> hints -> refine -> own transparency -> invert -> colours -> edge controls
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.images import corrections, edge_controls, foreground, geometry, matte, refine
from gateway.images.corrections import Corrections
from gateway.images.levels import Levels
from gateway.images.matte import Alpha
from gateway.images.picture import Picture, Pixels
from gateway.options import Options, Refine


def apply(picture: Picture, mask: Levels, options: Options, corrected: Corrections) -> Alpha:
    """Set the picture's alpha, and remove the background's tint from soft edges, in place.

    Colours depend on the alpha before the edge controls alone. So a result's own alpha, sent as the
    mask of the same picture, gives the same result.

    Args:
        picture: is changed.
        mask: (side, side), from the model; or the caller's, (H, W) of any size.
        options: of the request.
        corrected: likewise.

    Returns:
        The new alpha, (H, W), never above the picture's own.
    """
    pixels = picture.pixels
    own = None if picture.opaque else pixels[..., 3].copy()
    alpha = _resize(picture, mask, corrected)
    region = _Region.of(picture, own)
    is_exact = corrected.has_mask and mask.shape == alpha.shape
    if not is_exact:
        region.refine(alpha, options.refine)
    if own is not None:
        alpha = np.minimum(alpha, own) if is_exact else _multiply(alpha, own)
    if options.edges.invert:
        alpha = np.asarray(255 - alpha if own is None else own - alpha, np.uint8)
    cv2.insertChannel(alpha, pixels, 3)
    region.remove_tint(alpha, pixels)
    changed = edge_controls.apply(alpha, options.edges)
    if changed is not alpha:
        changed = changed if own is None else np.minimum(changed, own)
        foreground.reveal(pixels, alpha, changed)
        cv2.insertChannel(changed, pixels, 3)
    return changed


def _resize(picture: Picture, mask: Levels, corrected: Corrections) -> Alpha:
    """Return the mask in the picture's size, as the hints have it, and 0 outside the region."""
    roi = picture.roi
    if roi and not corrected.has_mask:  # the model saw the region only
        alpha = np.zeros(picture.pixels.shape[:2], np.uint8)
        alpha[roi.slices] = matte.resize(mask, roi.width, roi.height)
    else:
        alpha = matte.resize(mask, picture.width, picture.height)
    corrections.apply_hints(alpha, corrected)
    if not roi:
        return alpha
    inside = np.zeros_like(alpha)
    inside[roi.slices] = alpha[roi.slices]
    return inside


def _multiply(alpha: Alpha, own: Alpha) -> Alpha:
    return np.asarray(cv2.multiply(alpha, own, scale=1 / 255), np.uint8)


@dataclass(frozen=True)
class _Region:
    """The part of a picture that the model sees, where soft edges are."""

    slices: tuple[slice, slice]
    pixels: Pixels
    """(H, W, 4): the picture's own buffer if the region is all of it, else a copy."""
    image: NDArray[np.uint8]
    """The region's small picture; see `Picture.colors_input`."""
    mixed: NDArray[np.bool_] | None
    """(H, W): where the file is opaque. Elsewhere its colours contain no background."""

    @classmethod
    def of(cls, picture: Picture, own: Alpha | None) -> "_Region":
        roi = picture.roi
        slices = roi.slices if roi else (slice(None), slice(None))
        pixels = geometry.cut(picture.pixels, roi) if roi else picture.pixels
        mixed = None if own is None else np.ascontiguousarray(own[slices] == 255)
        return cls(slices, pixels, picture.colors_input, mixed)

    def refine(self, alpha: Alpha, level: Refine) -> None:
        """Refine the soft edges of the picture's alpha, in place."""
        part = np.ascontiguousarray(alpha[self.slices])
        refine.refine(part, self.pixels, self.image, level, self.mixed)
        alpha[self.slices] = part

    def remove_tint(self, alpha: Alpha, pixels: Pixels) -> None:
        """Replace the colours of the soft edges of the picture's pixels, in place."""
        part = np.ascontiguousarray(alpha[self.slices])
        if self.pixels is not pixels:
            cv2.insertChannel(part, self.pixels, 3)
        foreground.remove_background_tint(self.pixels, part, self.image, self.mixed)
        if self.pixels is not pixels:
            pixels[self.slices] = self.pixels
