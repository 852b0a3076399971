"""The data that the image path passes on: pixels, frames and decoded pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(H, W, 4) straight sRGB and alpha, 0 to 255, contiguous and writable."""


@dataclass(frozen=True)
class Frame:
    """A rectangle in a picture's pixel coordinates; it may extend beyond the picture."""

    top: int
    left: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of a frame inside its picture."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Picture:
    """A decoded image: upright, sRGB, in the result's size."""

    pixels: Pixels
    opaque: bool
    """The file has no transparency of its own; alpha is 255 everywhere."""
    model_input: NDArray[np.uint8]
    """(side, side, 3) sRGB: the image, or its region of interest, resized regardless of
    proportions. The side is the model's, 1024 for IS-Net."""
    dpi: tuple[float, float] | None
    """Horizontal and vertical dots per inch, from the file."""
    roi: Frame | None = None
    """The region of interest, which the model sees; all else is background. None: everything."""
    overview: NDArray[np.uint8] | None = None
    """(1024, 1024, 3), as `model_input`, where that is smaller; None: it is large enough."""

    @property
    def colors_input(self) -> NDArray[np.uint8]:
        """The small picture that foreground colours are estimated on, at least 1024 x 1024."""
        return self.model_input if self.overview is None else self.overview

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])
