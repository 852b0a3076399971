"""Results and errors in remove.bg's format."""

import base64
import json

from fastapi.responses import JSONResponse

from gateway.errors import GatewayError, ImageTooLarge, InvalidKey, QuotaExceeded
from gateway.results import Result

PREFIX = "/v1.0/"

STATUSES: dict[type[GatewayError], int] = {InvalidKey: 403, ImageTooLarge: 400, QuotaExceeded: 402}
"""HTTP statuses that differ from ours."""


def error(error: GatewayError, headers: dict[str, str]) -> JSONResponse:
    """Return an error of ours with remove.bg's code."""
    status = STATUSES.get(type(error), error.http.value)
    return error_answer(status, error.title, error.code, str(error), headers)


def error_answer(
    status: int, title: str, code: str, detail: str, headers: dict[str, str]
) -> JSONResponse:
    """Return any error."""
    body = {"errors": [{"title": title, "code": code, "detail": detail}]}
    return JSONResponse(body, status_code=status, headers=headers)


def as_json(result: Result) -> bytes:
    """Return a result as JSON, its image as base64."""
    box = result.foreground
    data = {"result_b64": base64.b64encode(result.data).decode()}
    sides = {
        f"foreground_{side}": getattr(box, side) for side in ("top", "left", "width", "height")
    }
    return json.dumps({"data": data | sides}).encode()
