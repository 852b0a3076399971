"""Adds the guide to what the service serves for browsers."""

from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from gateway.dashboard import assets
from gateway.dashboard.middleware import SecurityHeaders
from gateway.dashboard.pages import is_navigation
from gateway.docs import links, pages
from gateway.docs.origin import origin_of
from gateway.docs.routes import router
from gateway.rest.website import ErrorPage, Website
from gateway.settings import Settings


def with_docs(website: Website | None, settings: Settings) -> Website | None:
    """Return the website with the guide, if the settings ask for one.

    Args:
        website: the dashboard; None without one.
        settings: say whether there is a guide.
    """
    if settings.docs == "off":
        return website
    routes = APIRouter()
    routes.include_router(router(settings))
    if website is None:
        routes.include_router(assets.router)
        return Website(routes, None, _error_page(None, settings), SecurityHeaders)
    routes.include_router(website.router)
    return replace(website, router=routes, error_page=_error_page(website.error_page, settings))


def _error_page(otherwise: ErrorPage | None, settings: Settings) -> ErrorPage:
    """Return what shows the guide's missing pages, and leaves all other errors to the dashboard."""

    def error_page(request: Request, problem: dict[str, str | int]) -> Response | None:
        status = int(problem["status"])
        in_guide = request.url.path.startswith(f"{links.PREFIX}/")
        if not (in_guide and status == HTTPStatus.NOT_FOUND and is_navigation(request)):
            return otherwise(request, problem) if otherwise else None
        has_dashboard = settings.dashboard == "on"
        origin = origin_of(request, settings)
        return HTMLResponse(pages.html("missing.html", origin, has_dashboard=has_dashboard), status)

    return error_page
