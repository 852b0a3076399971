"""Errors as RFC 9457 problem+json."""

from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway import problems
from gateway.errors import BadRequest, GatewayError, InvalidKey
from gateway.observability.metrics import ERRORS
from gateway.rest.remove_bg import answers as remove_bg
from gateway.rest.website import ErrorPage


def problem(error: GatewayError, request: Request) -> Response:
    """Return the answer for an error, in the form that the route's clients expect."""
    ERRORS.labels(error.slug).inc()
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if request.url.path.startswith(remove_bg.PREFIX):
        return remove_bg.error(error, headers)
    if isinstance(error, InvalidKey):
        headers["WWW-Authenticate"] = "ApiKey"
    return _answer(request, problems.problem(error), headers)


def bad_parameter(error: RequestValidationError) -> BadRequest:
    """Return the error for an invalid path or query parameter, which FastAPI validates."""
    wrong = error.errors()[0]
    return BadRequest(f"{wrong['loc'][-1]}: {wrong['msg']}")


def install(app: FastAPI, error_page: ErrorPage | None = None) -> None:
    """Register handlers, so that every error is a problem, or for browsers a page."""
    app.state.error_page = error_page

    @app.exception_handler(GatewayError)
    async def expected(request: Request, error: GatewayError) -> Response:
        return problem(error, request)

    @app.exception_handler(RequestValidationError)
    async def parameters(request: Request, error: RequestValidationError) -> Response:
        return problem(bad_parameter(error), request)

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> Response:
        """Answer Starlette's own errors: unknown paths and methods."""
        status = HTTPStatus(error.status_code)
        headers = dict(error.headers or {})
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _allowed(app, request) or headers.get("Allow", "")
        if request.url.path.startswith(remove_bg.PREFIX):
            code = status.phrase.lower().replace(" ", "_")
            return remove_bg.error_answer(status, status.phrase, code, error.detail, headers)
        body: dict[str, str | int] = {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": error.detail,
        }
        return _answer(request, body, headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return problem(GatewayError(), request)


def _allowed(app: FastAPI, request: Request) -> str:
    """Return all methods of a path: Starlette names only those of the first route."""
    path = getattr(request.scope.get("route"), "path", "")
    return ", ".join(sorted(method.upper() for method in app.openapi()["paths"].get(path, ())))


def _answer(request: Request, body: dict[str, str | int], headers: dict[str, str]) -> Response:
    error_page: ErrorPage | None = request.app.state.error_page
    if error_page and (page := error_page(request, body)):
        page.headers.update(headers)
        return page
    return JSONResponse(
        body | {"request_id": request.scope.get("request_id")},
        status_code=int(body["status"]),
        headers=headers,
        media_type="application/problem+json",
    )
