"""Results and errors as remove.bg says them."""

import asyncio
import base64
import json
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from gateway.admission import Admission
from gateway.errors import GatewayError
from gateway.removal import Result
from gateway.rest import answers
from gateway.rest.outgoing import Outgoing

PREFIX = "/v1.0/"

STATUSES = {HTTPStatus.UNAUTHORIZED: 403, HTTPStatus.REQUEST_ENTITY_TOO_LARGE: 400}
"""Where theirs differ from ours."""

CREDITS = "1"
"""One credit an image, whatever its size."""


async def answer(
    request: Request, result: Result, file_name: str, memory: Admission, said: dict[str, str]
) -> Response:
    """The image, or JSON with the image in it, as the request's Accept header asks."""
    said = said | {"X-Credits-Charged": CREDITS}
    if not answers.wants_json(request.headers.get("accept", "")):
        plain = await answers.answer(request, result, file_name, memory)
        plain.headers.update(said)
        return plain
    body = await asyncio.to_thread(_json, result)
    headers = answers.headers(result) | said
    return Outgoing(body, memory, media_type="application/json", headers=headers)


def error(error: GatewayError) -> JSONResponse:
    """Say an error of ours with their code."""
    status = STATUSES.get(error.http, error.http.value)
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    return say(status, error.title, error.code, str(error), headers)


def say(status: int, title: str, code: str, detail: str, headers: dict[str, str]) -> JSONResponse:
    """Say any error."""
    body = {"errors": [{"title": title, "code": code, "detail": detail}]}
    return JSONResponse(body, status_code=status, headers=headers)


def _json(result: Result) -> bytes:
    """Megabytes of base64: not for the event loop's thread."""
    box = result.foreground
    data = {"result_b64": base64.b64encode(result.data).decode()}
    sides = {
        f"foreground_{side}": getattr(box, side) for side in ("top", "left", "width", "height")
    }
    return json.dumps({"data": data | sides}).encode()
