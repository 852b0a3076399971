"""The guide uses the field's own words, one for each meaning: see CONTRIBUTING.md."""

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.blocks import PAGES
from tests.end_to_end.service import ROOT

BETTER = {
    r"mend\w*": "fix, correct",
    r"tell|tells|told": "report, show",
    r"refus\w+": "reject",
    r"goes on|go on|gone on|went on": "continue",
    r"is over|are over": "end, expire",
    r"anew": "again",
    r"made-up": "synthetic",
    r"stand-in": "fallback",
    r"tak\w+ turns|took turns": "interleaved",
    r"what is wrong": "the error",
    r"keeps? safe\w*": "store",
    r"at once": "immediately, at a time",
}
"""Odd words, as patterns, and what to write instead."""
FILES = [*PAGES.values(), ROOT / "CHANGELOG.md", ROOT / "deploy/observability/README.md"]


def prose(text: str) -> str:
    """Return the text of Markdown without code."""
    tokens = MarkdownIt().enable("table").parse(text)
    children = (child for token in tokens for child in token.children or ())
    return " ".join(child.content for child in children if child.type == "text")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_odd_words(file: Path) -> None:
    text = prose(file.read_text())
    found = {
        match[0]: better
        for odd, better in BETTER.items()
        for match in re.finditer(rf"\b(?:{odd})\b", text, re.I)
    }
    assert found == {}
