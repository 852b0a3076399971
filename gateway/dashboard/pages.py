"""Renders pages from their templates, error pages among them."""

from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from gateway.dashboard import assets, browsers, cookies, navigation, words
from gateway.dashboard.dashboard import current_dashboard
from gateway.dashboard.visitor import sign_in_url
from gateway.errors import NotSignedIn

TEMPLATES = Path(__file__).parent / "templates"
API_PATHS = ("/v1/", "/v1.0/", "/openapi.json")
"""Paths whose errors are problems even for browsers."""
NO_PAGE = "The address may be mistyped, or the page belongs to something that is gone."


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page.

    Args:
        request: names the visitor and the current page.
        template: name of a file in `templates/`.
        status: of the answer.
        context: what the template shows; it is escaped.
    """
    response = HTMLResponse(html(request, template, **context), status)
    cookies.keep_anonymous(request, response)
    return response


def html(request: Request, template: str, **context: Any) -> str:
    """Return a page, or a part of one, as text; see `render`."""
    visitor = getattr(request.state, "visitor", None)
    dashboard = current_dashboard(request)
    return (
        environment()
        .get_template(template)
        .render(
            visitor=visitor,
            path=request.url.path,
            navigation=navigation.entries(dashboard.paths, visitor) if visitor else [],
            has_docs=dashboard.settings.docs == "on",
            csrf_token=cookies.ensure_csrf(request),
            **context,
        )
    )


def is_navigation(request: Request) -> bool:
    """Return whether a browser opens a page, rather than a script or a program calls."""
    return "text/html" in request.headers.get("accept", "")


def error_page(request: Request, problem: dict[str, str | int]) -> Response | None:
    """Return an error as a page, or as the way to the sign-in; None where a problem is due."""
    if not is_navigation(request) or request.url.path.startswith(API_PATHS):
        return None
    if problem["type"] == f"/problems/{NotSignedIn.slug}":
        return RedirectResponse(sign_in_url(request), HTTPStatus.SEE_OTHER)
    status = int(problem["status"])
    if problem["type"] == "about:blank" and status == HTTPStatus.NOT_FOUND:
        problem = problem | {"title": "There is no such page", "detail": NO_PAGE}
    return render(request, "error.html", status=status, problem=problem)


@cache
def environment() -> Environment:
    """Return what renders templates; the guide adds a folder of its own."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(static=assets.url_of, csrf=_csrf)
    made.filters.update(time=_time, iso=datetime.isoformat, from_iso=datetime.fromisoformat)
    made.filters.update(bytes=words.size, duration=words.duration)
    made.filters.update(browser=browsers.short_name)
    return made


@pass_context
def _csrf(context: Context) -> Markup:
    """Return the hidden field that every form carries."""
    field = '<input type="hidden" name="csrf_token" value="{}">'
    return Markup(field).format(context["csrf_token"])


def _time(value: datetime | None) -> str:
    """Return a point in time for people, in UTC; `<time>` has it for scripts."""
    return f"{value:%d %b %Y, %H:%M} UTC" if value else "never"
