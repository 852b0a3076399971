"""Links and headings of a Markdown file."""

import re
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token


def links(path: Path) -> list[str]:
    """Return the targets of a file's links and pictures."""
    return [
        str(child.attrs["href" if child.type == "link_open" else "src"])
        for token in _tokens(path)
        for child in token.children or ()
        if child.type in ("link_open", "image")
    ]


def anchors(path: Path) -> set[str]:
    """Return the anchors of a file's headings, as GitHub makes them."""
    tokens = _tokens(path)
    found: set[str] = set()
    for heading, content in zip(tokens, tokens[1:], strict=False):
        if heading.type == "heading_open":
            text = "".join(c.content for c in content.children or () if c.type != "image")
            slug = base = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
            number = 0
            while slug in found:
                number += 1
                slug = f"{base}-{number}"
            found.add(slug)
    return found


def _tokens(path: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(path.read_text())
