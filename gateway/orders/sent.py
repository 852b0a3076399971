"""What a caller sent, as every transport reads it."""

import math
from dataclasses import dataclass, field

from gateway.errors import BadRequest, ImageTooLarge

MAX_FIELD_BYTES = 4096
MAX_IMAGES = 2
"""An image, and one to lay behind it."""


@dataclass(frozen=True)
class File:
    """One file."""

    data: bytes = field(repr=False)
    name: str


@dataclass(frozen=True)
class Sent:
    """The text fields, and the files by their field's name."""

    fields: dict[str, str] = field(repr=False)
    files: dict[str, File]


def check_text(name: str, text: str, max_image_bytes: int) -> None:
    """Refuse a text that is too long; see `check_length`."""
    check_length(name, len(text.encode(errors="replace")), max_image_bytes)


def check_length(name: str, length: int, max_image_bytes: int) -> None:
    """Refuse a field that is too long.

    Raises:
        BadRequest: naming it.
        ImageTooLarge: it is base64.
    """
    if length <= max_bytes(name, max_image_bytes):
        return
    if name.endswith("_b64"):
        raise ImageTooLarge(max_image_bytes)
    raise too_long(name)


def too_long(name: str) -> BadRequest:
    """What is said of a text that is."""
    return BadRequest(f"The field {name[:40]!r} is longer than {MAX_FIELD_BYTES} bytes.")


def max_bytes(name: str, max_image_bytes: int) -> int:
    """Base64 is a third longer than what it says, and may have a line's end every 64 letters."""
    text_bytes = math.ceil(max_image_bytes * 4 / 3 * 1.05) + 1024
    return text_bytes if name.endswith("_b64") else MAX_FIELD_BYTES
