"""Links and headings of a Markdown file."""

from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from gateway.docs.headings import add_anchors


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
    return {heading.anchor for heading in add_anchors(_tokens(path))}


def _tokens(path: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(path.read_text())
