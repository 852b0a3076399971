"""Forms: their fields, and the check that this browser's own page sent them."""

import hmac
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import ImmutableMultiDict

from gateway.dashboard import cookies
from gateway.errors import BadRequest, StaleForm

Fields = ImmutableMultiDict[str, str]

MAX_FORM_BYTES = 2**16
MAX_FIELDS = 200
FORM = "application/x-www-form-urlencoded"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


async def read_fields(request: Request) -> Fields:
    """Return the fields of a form that was sent as `application/x-www-form-urlencoded`.

    Raises:
        BadRequest: it has too many bytes or fields.
    """
    if not hasattr(request.state, "fields"):
        request.state.fields = await _parse(request)
    fields: Fields = request.state.fields
    return fields


FormFields = Annotated[Fields, Depends(read_fields)]
"""The parameter of a route that takes a form. Unlike FastAPI's `Form`, it has limits."""


async def check_csrf(request: Request) -> None:
    """Reject what changes something unless a page of this browser's session sent it.

    Scripts send the token as the header `X-CSRF-Token`, and forms as the field `csrf_token`.

    Raises:
        StaleForm: the token is missing or wrong, or the request comes from another site.
    """
    if request.method in SAFE_METHODS:
        return
    sent = request.headers.get("x-csrf-token", "")
    if not sent and request.headers.get("content-type", "").startswith(FORM):
        sent = (await read_fields(request)).get("csrf_token", "")
    check_token(request, sent)


def check_token(request: Request, sent: str) -> None:
    """Reject a token that is not the one of this browser's session; see `check_csrf`.

    Raises:
        StaleForm: it is missing or wrong, or the request comes from another site.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise StaleForm
    expected = cookies.csrf_of(request)
    if not expected or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise StaleForm


async def _parse(request: Request) -> Fields:
    if not request.headers.get("content-type", "").startswith(FORM):
        return Fields()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise BadRequest("The form is too large.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadRequest("The form cannot be read.") from error
    return Fields(pairs)
