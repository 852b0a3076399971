"""The guide's pages, as HTML around their Markdown."""

import json
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import escape

from gateway.dashboard import pages
from gateway.docs.documents import Document, document
from gateway.docs.guide import HOST, guide
from gateway.docs.search import search

TEMPLATES = Path(__file__).parent / "templates"
MOST_KEPT = 64
"""Documents in memory; each is of one address, which clients choose by their `Host`."""


def html(template: str, origin: str, *, has_dashboard: bool, **context: Any) -> str:
    """Return a page as text.

    Args:
        template: name of a file in `templates/`.
        origin: address of the service, for the examples.
        has_dashboard: whether there are pages to lead to beside the guide.
        context: what the template shows; it is escaped.
    """
    page = (
        _environment()
        .get_template(template)
        .render(
            {"page": None, "query": ""} | context,
            chapters=guide().chapters,
            has_dashboard=has_dashboard,
            visitor=None,
            csrf_token="",
        )
    )
    return page.replace(HOST, escape(origin))


@lru_cache(MOST_KEPT)
def page(name: str, origin: str, *, has_dashboard: bool) -> Document:
    """Return a page of the guide; see `html`.

    Raises:
        KeyError: there is no such page.
    """
    shown = guide().pages[name]
    before, after = guide().neighbours(shown)
    return document(
        html(
            "page.html",
            origin,
            has_dashboard=has_dashboard,
            page=shown,
            before=before,
            after=after,
        )
    )


@lru_cache(MOST_KEPT)
def start(origin: str, *, has_dashboard: bool) -> Document:
    """Return the first page: what there is to read."""
    return document(html("start.html", origin, has_dashboard=has_dashboard))


@lru_cache(MOST_KEPT)
def reference(origin: str, *, has_dashboard: bool) -> Document:
    """Return the page with the API's reference, which a script draws from /openapi.json."""
    return document(html("reference.html", origin, has_dashboard=has_dashboard))


@lru_cache(MOST_KEPT)
def index(origin: str) -> Document:
    """Return what the search in the browser looks through, as JSON."""
    sections = [
        asdict(section) | {"text": section.text.replace(HOST, origin)} for section in guide().index
    ]
    return document(json.dumps(sections, ensure_ascii=False), "application/json")


def results(query: str, origin: str, *, has_dashboard: bool) -> str:
    """Return the page with the results of a search, for browsers without scripts."""
    found = search(guide().index, query)
    return html("search.html", origin, has_dashboard=has_dashboard, query=query, results=found)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader([TEMPLATES, pages.TEMPLATES])
    return pages.environment().overlay(loader=loader)
