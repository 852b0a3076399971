"""The fields and files of a request, as every transport reads them."""

import math
from dataclasses import dataclass, field

from gateway.errors import BadRequest, ImageTooLarge

MAX_FIELD_BYTES = 4096
MAX_FILES = 4
"""The image, its backdrop, its mask and its trimap."""
MAX_IMAGES = 2
"""How many images of the largest size the files of a request may amount to together."""


@dataclass(frozen=True)
class File:
    """One file."""

    data: bytes = field(repr=False)
    name: str


@dataclass(frozen=True)
class Payload:
    """Text fields and files, by their names."""

    fields: dict[str, str] = field(repr=False)
    files: dict[str, File]


def check_text(name: str, text: str, max_image_bytes: int) -> None:
    """Reject a text field that is too long; see `check_length`."""
    check_length(name, len(text.encode(errors="replace")), max_image_bytes)


def check_length(name: str, length: int, max_image_bytes: int) -> None:
    """Reject a field that is too long.

    Raises:
        BadRequest: it is text.
        ImageTooLarge: it is an image as base64.
    """
    if length <= max_bytes(name, max_image_bytes):
        return
    if name.endswith("_b64"):
        raise ImageTooLarge(max_image_bytes)
    raise too_long(name)


def too_long(name: str) -> BadRequest:
    """Return the error for a text field that is too long."""
    return BadRequest(f"The field {name[:40]!r} is longer than {MAX_FIELD_BYTES} bytes.")


def max_bytes(name: str, max_image_bytes: int) -> int:
    """Return the limit of a field: base64 adds a third, and a line break every 64 characters."""
    text_bytes = math.ceil(max_image_bytes * 4 / 3 * 1.05) + 1024
    return text_bytes if name.endswith("_b64") else MAX_FIELD_BYTES
