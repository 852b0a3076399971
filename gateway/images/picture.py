"""What the image path works on: one buffer of pixels from the decoder to the encoder."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""(H, W, 4) straight sRGB and alpha, 0 to 255, contiguous and writable."""


@dataclass(frozen=True)
class Frame:
    """A part of a picture, in its pixels; it may reach beyond the picture."""

    top: int
    left: int
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


@dataclass(frozen=True)
class Picture:
    """A decoded image, the right way up, in the result's size."""

    pixels: Pixels
    opaque: bool
    """True when the file had no transparency of its own; alpha is 255 everywhere then."""
    model_input: NDArray[np.uint8]
    """(1024, 1024, 3) sRGB: the whole image, or the part that is looked at, squeezed."""
    dpi: tuple[float, float] | None
    """Dots per inch across and down, as the file says."""
    seen: Frame | None = None
    """The part that the model looks at; all else is background. None: the whole."""

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])
