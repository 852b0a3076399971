"""What the pages for browsers add to the public application; `gateway.dashboard` builds it."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp

ErrorPage = Callable[[Request, dict[str, str | int]], Response | None]
"""Returns a problem as a page, or None where the client expects the problem itself."""


@dataclass(frozen=True)
class Website:
    """The pages: a transport of its own that shares the port and the error handlers."""

    router: APIRouter
    state: object
    """What the routes find in `app.state.dashboard`."""
    error_page: ErrorPage
    middleware: Callable[[ASGIApp], ASGIApp]
