"""What a caller says of a job beside its images and their options."""

import json
from typing import Any
from urllib.parse import urlsplit

from gateway.errors import BadOption

MAX_ID_LENGTH = 128
MAX_NAME_LENGTH = MAX_KEY_LENGTH = 255
MAX_URL_LENGTH = 2048


def name(text: str) -> str:
    """A file's name, as it can be kept and shown."""
    letters = (letter if letter.isprintable() else "_" for letter in text[:MAX_NAME_LENGTH])
    return "".join(letters) or "image"


def custom_id(text: str) -> str:
    """The caller's name for an image.

    Raises:
        BadOption: it is too long, or cannot be printed.
    """
    if len(text) > MAX_ID_LENGTH or not text.isprintable():
        raise BadOption(
            "custom_id", f"custom_id must be at most {MAX_ID_LENGTH} letters that can be printed."
        )
    return text


def metadata(text: str) -> dict[str, Any]:
    """The caller's own object, as it can be kept and said again.

    Raises:
        BadOption: it is none, or it holds what JSON cannot say.
    """
    try:
        found = json.loads(text or "{}", parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadOption("metadata", "metadata is no valid JSON.") from error
    if not isinstance(found, dict):
        raise BadOption("metadata", 'metadata must be one JSON object, e.g. {"order": "12"}.')
    if any(isinstance(value, dict | list) for value in found.values()) or "\\u0000" in text:
        raise BadOption("metadata", "metadata must be flat: texts, numbers and booleans.")
    return found


def webhook_url(text: str, *, are_on: bool) -> str | None:
    """Where to tell of a job's end; None: nowhere.

    Args:
        text: what the caller sent.
        are_on: whether webhooks are sent at all.

    Raises:
        BadOption: it is no URL, or none are sent.
    """
    if not text:
        return None
    if not are_on:
        raise BadOption("webhook_url", "This service sends no webhooks: ask for the job's status.")
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        is_url = False
    if not is_url or len(text) > MAX_URL_LENGTH or not text.isprintable():
        raise BadOption("webhook_url", "webhook_url must be a URL such as https://example.com/hook")
    return text


def idempotency_key(text: str) -> str:
    """A caller's key for a request, with quotes (as the header's draft has it) or without.

    Raises:
        BadOption: it is too long, or cannot be printed.
    """
    key = text.strip()
    if len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if len(key) > MAX_KEY_LENGTH or not key.isprintable():
        raise BadOption(
            "Idempotency-Key",
            f"Idempotency-Key must be at most {MAX_KEY_LENGTH} letters that can be printed.",
        )
    return key


def _refuse(constant: str) -> None:
    raise ValueError(constant)
