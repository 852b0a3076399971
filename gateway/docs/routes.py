"""The guide's routes: for anybody, without a session."""

from functools import partial
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from gateway import home
from gateway.docs import links, pages
from gateway.docs.documents import answer, document
from gateway.docs.guide import guide
from gateway.docs.origin import origin_of
from gateway.errors import NoSuchThing
from gateway.settings import Settings

START = links.PREFIX
REFERENCE = f"{links.PREFIX}/api"
SEARCH = f"{links.PREFIX}/search"
INDEX = f"{links.PREFIX}/search.json"
PROBLEMS = "/problems"
ERRORS = "errors"
"""The page whose anchors are the names of problems."""
PICTURE_MAX_AGE_S = 3600
LONGEST_QUERY = 200


def router(settings: Settings) -> APIRouter:
    """Return the routes of the guide."""
    routes = APIRouter()
    routes.include_router(_around_pages(settings))
    routes.include_router(_files)
    has_dashboard = settings.dashboard == "on"

    @routes.get(START + "/{name}")  # after those with names of their own
    def page(request: Request, name: str) -> Response:
        """Show a page of the guide."""
        if name not in guide().pages:
            raise NoSuchThing
        origin = origin_of(request, settings)
        return answer(request, pages.page(name, origin, has_dashboard=has_dashboard))

    return routes


def _around_pages(settings: Settings) -> APIRouter:
    routes = APIRouter()
    has_dashboard = settings.dashboard == "on"
    origin = partial(origin_of, settings=settings)

    @routes.get(START)
    def start(request: Request) -> Response:
        """Show what there is to read."""
        return answer(request, pages.start(origin(request), has_dashboard=has_dashboard))

    @routes.get(REFERENCE)
    def reference(request: Request) -> Response:
        """Show the API's reference."""
        return answer(request, pages.reference(origin(request), has_dashboard=has_dashboard))

    @routes.get(SEARCH)
    def search(request: Request, q: str = "") -> Response:
        """Show the sections that have all words."""
        query = " ".join(q[:LONGEST_QUERY].split())
        found = pages.results(query, origin(request), has_dashboard=has_dashboard)
        return answer(request, document(found))

    @routes.get(INDEX)
    def index(request: Request) -> Response:
        """Return what the search in the browser looks through."""
        return answer(request, pages.index(origin(request)))

    return routes


_files = APIRouter()


@_files.get(links.PICTURES + "/{name}")
def picture(name: str) -> Response:
    """Return a picture of the guide."""
    path = home.guide() / name
    if path.parent != home.guide() or not links.is_picture(path):
        raise NoSuchThing
    return FileResponse(
        path,
        media_type=links.PICTURE_TYPES[path.suffix],
        headers={"Cache-Control": f"public, max-age={PICTURE_MAX_AGE_S}"},
    )


@_files.get(PROBLEMS + "/{slug}")
def problem(slug: str) -> Response:
    """Lead from the `type` of a problem to what the guide says of it."""
    return RedirectResponse(problem_url(slug), HTTPStatus.SEE_OTHER)


def problem_url(slug: str) -> str:
    """Return where the guide explains an error.

    Raises:
        NoSuchThing: there is no such error.
    """
    page = guide().pages.get(ERRORS)
    if page is None or f'id="{slug}"' not in page.html:
        raise NoSuchThing
    return f"{page.path}#{slug}"
