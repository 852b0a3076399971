"""The routes of all pages, with what each asks of its visitor, read from the application."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from gateway.dashboard import visitor
from gateway.dashboard.app import page_routes
from gateway.dashboard.forms import SAFE_METHODS

FOR_ANYBODY = {
    "GET /sign-in",
    "POST /sign-in",
    "POST /sign-out",
    "GET /sign-in/link/{token}",
    "POST /sign-in/link/{token}",
    "GET /sign-in/oidc",
    "GET /sign-in/oidc/callback",
    "GET /invitation/{token}",
    "POST /invitation/{token}",
}
"""Routes that need no session. Every other one must ask for a visitor."""


@dataclass(frozen=True)
class Row:
    """A route with one of its methods."""

    route: APIRoute
    method: str

    def __str__(self) -> str:
        return f"{self.method} {self.route.path}"

    @property
    def is_unsafe(self) -> bool:
        return self.method not in SAFE_METHODS

    @property
    def parameters(self) -> set[str]:
        """The names in its path."""
        return {name for _, name, *_ in Formatter().parse(self.route.path) if name}

    def asks_for(self, dependency: Callable[..., object]) -> bool:
        return dependency in _calls(self.route.dependant)

    def path(self, **values: object) -> str:
        """The path; parameters without a value are 1."""
        return self.route.path.format(**{name: values.get(name, 1) for name in self.parameters})


def _calls(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


ROWS = [Row(route, method) for route in page_routes() for method in sorted(route.methods or ())]
PRIVATE = [row for row in ROWS if str(row) not in FOR_ANYBODY]
UNSAFE = [row for row in ROWS if row.is_unsafe]
OF_OWNERS = [row for row in ROWS if row.asks_for(visitor.owner)]
OF_ADMINS = [row for row in ROWS if row.asks_for(visitor.admin)]
WITH_IDS = [row for row in PRIVATE if row.parameters and row not in OF_ADMINS]
"""Routes that name a thing, which may be another account's."""
