"""Headings of a page, with the anchors that GitHub gives them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from markdown_it.token import Token


@dataclass(frozen=True)
class Heading:
    """A heading: its level from 1, its text without marks, and its anchor."""

    level: int
    text: str
    anchor: str


def text_of(inline: Token) -> str:
    """Return the text of an inline token, without its marks."""
    return "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in inline.children or ()
        if child.type not in ("html_inline",)
    )


def slug(text: str) -> str:
    """Return the anchor of a heading by GitHub's rule: lower case, `-` for spaces, no marks."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def _candidates(anchor: str) -> Iterator[str]:
    yield anchor
    yield from (f"{anchor}-{number}" for number in count(1))


def add_anchors(tokens: list[Token]) -> Iterator[Heading]:
    """Give each heading of a page its `id`; equal ones get a number, as on GitHub."""
    seen: set[str] = set()
    for opening, inline in zip(tokens, tokens[1:], strict=False):
        if opening.type != "heading_open":
            continue
        text = text_of(inline)
        anchor = next(each for each in _candidates(slug(text)) if each not in seen)
        seen.add(anchor)
        opening.attrSet("id", anchor)
        yield Heading(int(opening.tag[1:]), text, anchor)
