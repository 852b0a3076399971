"""Parses the fields of a job that are not options of its images."""

import json
from typing import Any

from gateway.errors import BadOption

MAX_ID_LENGTH = 128
MAX_NAME_LENGTH = MAX_KEY_LENGTH = 255


def clean_file_name(text: str) -> str:
    """Return a printable file name of at most `MAX_NAME_LENGTH` characters."""
    characters = (char if char.isprintable() else "_" for char in text[:MAX_NAME_LENGTH])
    return "".join(characters) or "image"


def parse_custom_id(text: str) -> str:
    """Return the caller's name for an image.

    Raises:
        BadOption: it is too long, or contains characters that are not printable.
    """
    if len(text) > MAX_ID_LENGTH or not text.isprintable():
        raise BadOption(
            "custom_id", f"custom_id must be at most {MAX_ID_LENGTH} printable characters."
        )
    return text


def parse_metadata(text: str) -> dict[str, Any]:
    """Return the caller's own JSON object; empty text gives an empty object.

    Raises:
        BadOption: it is not a flat object, or contains values that JSON cannot represent.
    """
    try:
        metadata = json.loads(text or "{}", parse_constant=_reject_constant)
        json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadOption("metadata", "metadata is not valid JSON.") from error
    if not isinstance(metadata, dict):
        raise BadOption("metadata", 'metadata must be one JSON object, e.g. {"order": "12"}.')
    is_nested = any(isinstance(value, dict | list) for value in metadata.values())
    if is_nested or "\\u0000" in text:  # PostgreSQL cannot store the character U+0000
        raise BadOption("metadata", "metadata must be flat: texts, numbers and booleans.")
    return metadata


def parse_idempotency_key(text: str) -> str:
    """Return the key, with the quotes removed that the header's IETF draft requires.

    Raises:
        BadOption: it is too long, or contains characters that are not printable.
    """
    key = text.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise BadOption(
            "Idempotency-Key",
            f"Idempotency-Key must be at most {MAX_KEY_LENGTH} printable characters.",
        )
    return key


def _reject_constant(constant: str) -> None:
    """Reject NaN and Infinity, which Python's parser accepts and JSON does not have."""
    raise ValueError(constant)
