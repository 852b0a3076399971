"""Errors as RFC 9457 problem+json."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.errors import GatewayError, InvalidKey
from gateway.metrics import ERRORS
from gateway.rest.compat import answers as compat


def problem(error: GatewayError, request: Request) -> JSONResponse:
    """Say an error of ours, as the route's clients know errors."""
    ERRORS.labels(error.slug).inc()
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if request.url.path.startswith(compat.PREFIX):
        return compat.error(error, headers)
    if isinstance(error, InvalidKey):
        headers["WWW-Authenticate"] = "ApiKey"
    kind, more = f"/problems/{error.slug}", {"field": error.field} if error.field else {}
    return _answer(request, kind, error.title, error.http, str(error), headers, more)


def install(app: FastAPI) -> None:
    """Make every error of the application leave as a problem."""

    @app.exception_handler(GatewayError)
    async def expected(request: Request, error: GatewayError) -> JSONResponse:
        return problem(error, request)

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> JSONResponse:
        """Unknown paths and methods: Starlette's own errors."""
        status = HTTPStatus(error.status_code)
        headers = dict(error.headers or {})
        if request.url.path.startswith(compat.PREFIX):
            code = status.phrase.lower().replace(" ", "_")
            return compat.say(status, status.phrase, code, error.detail, headers)
        return _answer(request, "about:blank", status.phrase, status, error.detail, headers)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        return problem(GatewayError("Something went wrong on our end."), request)


def _answer(
    request: Request,
    kind: str,
    title: str,
    status: HTTPStatus,
    detail: str,
    headers: dict[str, str],
    more: Mapping[str, str] = MappingProxyType({}),
) -> JSONResponse:
    body = {
        "type": kind,
        "title": title,
        "status": status.value,
        "detail": detail,
        "request_id": request.scope.get("request_id"),
        **more,
    }
    return JSONResponse(
        body, status_code=status.value, headers=headers, media_type="application/problem+json"
    )
