"""How far the cut-outs of two servers agree."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from loadtest.rivals.server import Server
from serving.photos import PHOTOS

FOREGROUND = 128
"""Alpha from which a pixel counts as foreground."""


def ious(servers: Sequence[Server]) -> dict[str, float]:
    """Return the intersection over union of two servers' foregrounds, for each real photo."""
    found = {}
    for photo in PHOTOS:
        data = photo.read()
        one, other = (_foreground(server.cut_out(data)) for server in servers)
        found[photo.name] = float((one & other).sum() / max(1, (one | other).sum()))
    return found


def _foreground(png: bytes) -> NDArray[np.bool_]:
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(pixels)[:, :, 3] >= FOREGROUND
