"""The address that examples call: the one that the reader has come by."""

import re

from fastapi import Request

from gateway.settings import Settings

HOST = re.compile(r"(?:[\w.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
"""A name or address with an optional port. The header is the client's: others are not shown."""


def origin_of(request: Request, settings: Settings) -> str:
    """Return scheme and host of the service, without a slash at the end.

    `CLEARBG_PUBLIC_URL` wins; a trusted proxy's `X-Forwarded-Proto` is in the request's scheme.
    """
    host = request.headers.get("host", "")
    if settings.public_url or not HOST.fullmatch(host):
        return settings.base_url
    return f"{request.url.scheme}://{host}"
