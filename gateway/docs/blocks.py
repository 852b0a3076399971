"""Blocks that are more than Markdown has: callouts, examples in many languages, empty headers."""

import re
from collections.abc import Iterator
from itertools import groupby

from markdown_it.token import Token

from gateway.docs.code import OF_EXAMPLES

CALLOUT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")


def mark_callouts(tokens: list[Token]) -> None:
    """Mark the quotations that begin with GitHub's `[!NOTE]` and its like, and drop that word."""
    for at, opening in enumerate(tokens):
        if opening.type != "blockquote_open":
            continue
        inline = tokens[at + 2]
        found = CALLOUT.match(inline.content)
        if not found or not inline.children:
            continue
        inline.content = inline.content[found.end() :]
        inline.children = _without_marker(inline.children)
        closing = next(
            token
            for token in tokens[at:]
            if token.type == "blockquote_close" and token.level == opening.level
        )
        opening.meta["callout"] = closing.meta["callout"] = found[1].lower()


def _without_marker(children: list[Token]) -> list[Token]:
    children[0].content = CALLOUT.sub("", children[0].content)
    rest = children if children[0].content else children[1:]
    return rest[1:] if rest and rest[0].type == "softbreak" else rest


def mark_alternatives(tokens: list[Token]) -> None:
    """Mark the first and the last of consecutive code blocks in different languages."""
    for run in _runs(tokens):
        languages = [token.info.partition(" ")[0] for token in run]
        if len(run) > 1 and len(set(languages)) == len(run) and OF_EXAMPLES.issuperset(languages):
            run[0].meta["is_first"] = run[-1].meta["is_last"] = True


def mark_empty_headers(tokens: list[Token]) -> None:
    """Make ordinary cells of a table's empty headers, which screen readers would announce."""
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not inline.content:
            opening.tag = closing.tag = "td"


def _runs(tokens: list[Token]) -> Iterator[list[Token]]:
    for kind, run in groupby(tokens, key=lambda token: (token.type, token.level)):
        if kind[0] == "fence":
            yield list(run)
