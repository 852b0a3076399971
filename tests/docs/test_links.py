"""Every link of the guide leads somewhere, and the table of contents names every page."""

import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.links import anchors, links
from tests.end_to_end.service import ROOT

DOCS = ROOT / "docs"
FILES = [*ROOT.glob("*.md"), *sorted(DOCS.glob("*.md")), ROOT / "deploy/observability/README.md"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_link_leads_somewhere(file: Path) -> None:
    for link in links(file):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.hostname, link
            assert parts.scheme == "https" or parts.netloc == "127.0.0.1:8080", link
            continue
        target = (file.parent / parts.path).resolve() if parts.path else file
        assert target.exists(), link
        if parts.fragment:
            assert parts.fragment in anchors(target), link


def test_pages_link_to_nothing_outside_of_the_guide() -> None:
    """The package carries `docs/` alone."""
    for file in DOCS.glob("*.md"):
        assert not [link for link in links(file) if link.startswith("..")], file.name


def test_the_contents_name_every_page_once() -> None:
    groups = tomllib.loads((DOCS / "contents.toml").read_text())["group"]
    pages = [name for group in groups for name in group["pages"]]
    assert sorted(pages) == sorted(path.stem for path in DOCS.glob("*.md"))
    assert all(group["title"] for group in groups)


def test_every_page_has_one_title() -> None:
    for file in DOCS.glob("*.md"):
        fence = False
        titles = []
        for line in file.read_text().splitlines():
            fence ^= line.startswith("```")
            titles += [line] if not fence and line.startswith("# ") else []
        assert len(titles) == 1, file.name
