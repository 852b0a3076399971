"""Links and pictures of the Markdown, as addresses of the site."""

import re
from pathlib import Path

PREFIX = "/docs"
PICTURES = f"{PREFIX}/pictures"
PICTURE_TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",  # which Python 3.11 does not know by itself
}
PAGE = re.compile(r"([\w-]+)\.md(#.*)?")
ELSEWHERE = re.compile(r"[a-z]+:|/|#")
"""What leads to another site, to another part of this one, or to another place of the page."""


def address(link: str) -> str | None:
    """Return where a link of a page leads; None for files that only the repository has.

    Args:
        link: as the Markdown has it, such as `errors.md#grpc`.
    """
    if page := PAGE.fullmatch(link):
        return f"{PREFIX}/{page[1]}{page[2] or ''}"
    return link if ELSEWHERE.match(link) else None


def is_picture(path: Path) -> bool:
    """Return whether a file of the folder is a picture, which the site serves."""
    return path.suffix in PICTURE_TYPES and path.is_file()
