"""Masks as compressed bytes. Blocking: call both in a thread."""

import numpy as np
from isal import isal_zlib
from isal.igzip_lib import IsalError
from numpy.typing import NDArray

LEVEL = 1
"""Of ISA-L's deflate: masks of real photos become a tenth of their 1 MB, in a millisecond.
zlib takes six times as long for the same size; PNG's filters save a quarter, but undoing them takes
several milliseconds."""


def pack(mask: NDArray[np.uint8]) -> bytes:
    """Compress a mask, (side, side), without loss."""
    packed: bytes = isal_zlib.compress(mask.tobytes(), LEVEL)
    return packed


def unpack(packed: bytes, side: int) -> NDArray[np.uint8]:
    """Return the mask, (side, side), read-only.

    Raises:
        ValueError: the bytes are not a mask of this side.
    """
    stream = isal_zlib.decompressobj()
    try:
        levels = stream.decompress(packed, side * side + 1)
    except IsalError as error:  # type: ignore[misc] # a class; its stub says otherwise
        raise ValueError("The mask is damaged.") from error
    if len(levels) != side * side or not stream.eof:
        raise ValueError(f"The mask is not {side} x {side}.")
    return np.frombuffer(levels, np.uint8).reshape(side, side)
