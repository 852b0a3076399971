"""The search: sections of all pages, and those that have all words of a query.

`static/docs-search.js` does the same over the same index while somebody types.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markdown_it.token import Token

from gateway.docs.headings import text_of
from gateway.docs.markdown import Page

IN_HEADING, IN_TITLE, IN_TEXT = 8, 4, 1
"""What a word counts by where it is."""
MOST = 20
BEFORE, AFTER = 60, 140
"""Characters of an excerpt around the first word."""


@dataclass(frozen=True)
class Section:
    """A heading, and what is under it up to the next one."""

    path: str
    title: str
    """Of the page."""
    heading: str
    text: str


@dataclass(frozen=True)
class Result:
    """A section that was found, and an excerpt: pieces of text, and whether each is a word."""

    section: Section
    excerpt: list[tuple[str, bool]]


def sections(page: Page) -> Iterator[Section]:
    """Yield the sections of a page."""
    texts = [""] * len(page.headings)
    at = -1
    for before, token in zip((None, *page.tokens), page.tokens, strict=False):
        if token.type == "heading_open":
            at += 1
        elif before is None or before.type != "heading_open":
            texts[at] += f" {_text(token)}"
    for heading, text in zip(page.headings, texts, strict=True):
        anchor = f"#{heading.anchor}" if heading.level > 1 else ""
        yield Section(page.path + anchor, page.title, heading.text, " ".join(text.split()))


def _text(token: Token) -> str:
    return token.content if token.type in ("fence", "code_block") else text_of(token)


def search(index: Iterable[Section], query: str) -> list[Result]:
    """Return the sections that have all words, best first."""
    words = query.lower().split()
    scored = [(_score(section, words), section) for section in index] if words else []
    found = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])
    return [Result(section, _excerpt(section.text, words)) for _, section in found[:MOST]]


def _score(section: Section, words: list[str]) -> int:
    places = (
        (IN_HEADING, section.heading.lower()),
        (IN_TITLE, section.title.lower()),
        (IN_TEXT, section.text.lower()),
    )
    scores = [sum(score for score, text in places if word in text) for word in words]
    return sum(scores) if all(scores) else 0


def _excerpt(text: str, words: list[str]) -> list[tuple[str, bool]]:
    places = [at for word in words if (at := text.lower().find(word)) >= 0]
    start = max(0, min(places, default=0) - BEFORE)
    cut = text[start : start + BEFORE + AFTER]
    cut = ("…" if start else "") + cut + ("…" if start + BEFORE + AFTER < len(text) else "")
    pieces = re.split(f"({'|'.join(map(re.escape, words))})", cut, flags=re.IGNORECASE)
    return [(piece, bool(at % 2)) for at, piece in enumerate(pieces) if piece]
