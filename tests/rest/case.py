"""One request that fails, and what most of them send."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from tests.rest.gateway import Gateway

Photo = Callable[..., bytes]


@dataclass(frozen=True)
class Case:
    """One request that fails."""

    id: str
    slug: str
    hint: str
    """Part of the detail: what the caller is told to change."""
    request: Callable[[Photo], dict[str, Any]] = lambda photo: {"files": {"image": photo(8, 8)}}
    settings: dict[str, Any] = dataclass_field(default_factory=dict)
    model: dict[str, Any] = dataclass_field(default_factory=dict)
    break_: Callable[[Gateway], object] = lambda gateway: None
    field: str | None = None
    """The option that is named; None: it does not matter which."""
    before: int = 0
    """Requests of the same kind that come first, and may pass."""


def fields(**sent: object) -> Callable[[Photo], dict[str, Any]]:
    return lambda photo: {"files": {"image": photo(8, 8)}, "data": sent}


def files(**sent: bytes | tuple[int, int]) -> Callable[[Photo], dict[str, Any]]:
    """Further files beside the image; a pair is the size of a photo."""
    return lambda photo: {
        "files": {"image": photo(8, 8)}
        | {
            name: photo(*content) if isinstance(content, tuple) else content
            for name, content in sent.items()
        }
    }


def file(content: bytes | tuple[int, int]) -> Callable[[Photo], dict[str, Any]]:
    return lambda photo: {
        "files": {"image": photo(*content) if isinstance(content, tuple) else content}
    }


def sent(**request: Any) -> Callable[[Photo], dict[str, Any]]:
    return lambda photo: request


def key(secret: str) -> Callable[[Photo], dict[str, Any]]:
    return lambda photo: {"files": {"image": photo(8, 8)}, "headers": {"X-API-Key": secret}}
