"""Small ICC profiles of a matrix and a gamma, whose correct conversion is simple arithmetic."""

import struct

import numpy as np
from numpy.typing import NDArray

# Columns are the primaries in XYZ, adapted to D50 (ICC.1:2001-04, and the two standards).
SRGB = np.array([[0.4360, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
ADOBE_RGB = np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]])
DISPLAY_P3 = np.array(
    [[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]]
)
D50 = (0.9642, 1.0, 0.8249)


def rgb(primaries: NDArray[np.float64], gamma: float, name: bytes = b"test") -> bytes:
    """Return an RGB display profile."""
    tags = {b"rXYZ": xyz(*primaries[:, 0]), b"gXYZ": xyz(*primaries[:, 1])}
    tags |= {b"bXYZ": xyz(*primaries[:, 2]), b"wtpt": xyz(*D50)}
    tags |= {name: curve(gamma) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return profile(b"RGB ", tags, name)


def grey(gamma: float) -> bytes:
    """Return a grey profile."""
    return profile(b"GRAY", {b"wtpt": xyz(*D50), b"kTRC": curve(gamma)})


def to_srgb(
    pixels: NDArray[np.uint8], primaries: NDArray[np.float64], gamma: float
) -> NDArray[np.float64]:
    """Return the reference conversion: (..., 3), 0 to 255, clipped to sRGB's gamut."""
    linear = (pixels / 255) ** gamma @ (np.linalg.inv(SRGB) @ primaries).T
    linear = np.clip(linear, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(255 * encoded)


def profile(space: bytes, tags: dict[bytes, bytes], name: bytes = b"test") -> bytes:
    """Lay the tags out after the 128-byte header and the tag table."""
    tags = tags | {b"desc": text(b"desc", name), b"cprt": text(b"text", b"none")}
    table, data, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, body in tags.items():
        body += b"\0" * (-len(body) % 4)
        table += struct.pack(">4sII", tag, offset + len(data), len(body))
        data += body
    header = struct.pack(">I4sI4s4s4s", 0, b"none", 0x02100000, b"mntr", space, b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + xyz(*D50)[8:] + b"\0" * 48
    whole = header + struct.pack(">I", len(tags)) + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def text(kind: bytes, content: bytes) -> bytes:
    if kind == b"desc":
        return b"desc\0\0\0\0" + struct.pack(">I", len(content) + 1) + content + b"\0" * 79
    return b"text\0\0\0\0" + content + b"\0"
