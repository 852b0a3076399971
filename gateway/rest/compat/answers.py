"""Results and errors as remove.bg says them."""

import base64
import json
from http import HTTPStatus

from fastapi.responses import JSONResponse

from gateway.errors import GatewayError
from gateway.removal import Result

PREFIX = "/v1.0/"

STATUSES = {HTTPStatus.UNAUTHORIZED: 403, HTTPStatus.REQUEST_ENTITY_TOO_LARGE: 400}
"""Where theirs differ from ours."""


def error(error: GatewayError, headers: dict[str, str]) -> JSONResponse:
    """Say an error of ours with their code."""
    status = STATUSES.get(error.http, error.http.value)
    return say(status, error.title, error.code, str(error), headers)


def say(status: int, title: str, code: str, detail: str, headers: dict[str, str]) -> JSONResponse:
    """Say any error."""
    body = {"errors": [{"title": title, "code": code, "detail": detail}]}
    return JSONResponse(body, status_code=status, headers=headers)


def as_json(result: Result) -> bytes:
    """A result with its image as base64."""
    box = result.foreground
    data = {"result_b64": base64.b64encode(result.data).decode()}
    sides = {
        f"foreground_{side}": getattr(box, side) for side in ("top", "left", "width", "height")
    }
    return json.dumps({"data": data | sides}).encode()
