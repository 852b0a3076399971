"""The URL of an endpoint, as callers give it."""

from urllib.parse import urlsplit

from gateway.errors import BadOption

MAX_URL_LENGTH = 2048


def parse(text: str, field: str, *, are_webhooks_on: bool) -> str:
    """Return the URL to send webhooks to.

    Args:
        text: as sent.
        field: its name, for the error.
        are_webhooks_on: whether this service sends webhooks.

    Raises:
        BadOption: it is not a URL, or this service sends no webhooks.
    """
    if not are_webhooks_on:
        raise BadOption(field, "This service sends no webhooks: poll the job's status instead.")
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        is_url = False
    if not is_url or len(text) > MAX_URL_LENGTH or not text.isprintable():
        raise BadOption(field, f"{field} must be a URL such as https://example.com/hook")
    return text
