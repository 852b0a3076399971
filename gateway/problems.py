"""Errors as RFC 9457 problem documents, and the classes of errors by their slugs."""

from collections.abc import Iterator

from gateway.errors import GatewayError


def error_classes(base: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """Yield a class of errors and all its subclasses, parents first."""
    yield base
    for child in base.__subclasses__():
        yield from error_classes(child)


def error_class(slug: str) -> type[GatewayError]:
    """Return the first class with a slug; classes that share a slug share their statuses too."""
    return next((each for each in error_classes() if each.slug == slug), GatewayError)


def meaning(error: type[GatewayError]) -> str:
    """Return in a sentence or two what a class of errors means: how its docstring begins."""
    first, _, _ = (error.__doc__ or "").partition("\n\n")
    return first.strip()


def problem(error: GatewayError) -> dict[str, str | int]:
    """Return an error as an RFC 9457 document, with `field` where an option is to blame."""
    document: dict[str, str | int] = {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": error.http.value,
        "detail": str(error),
    }
    return document | ({"field": error.field} if error.field else {})
