"""The order and the groups of the pages, from `docs/contents.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Group:
    """Pages under a common title."""

    title: str
    names: tuple[str, ...]
    """Names of the pages: their files without `.md`."""


def read(folder: Path) -> tuple[Group, ...]:
    """Return the groups in their order.

    Args:
        folder: has contents.toml.
    """
    groups = tomllib.loads((folder / "contents.toml").read_text())["group"]
    return tuple(Group(group["title"], tuple(group["pages"])) for group in groups)
