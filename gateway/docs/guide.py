"""All pages of the guide, read once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise

from gateway import home
from gateway.docs import contents, markdown
from gateway.docs.markdown import Page
from gateway.docs.search import Section, sections

HOST = "http://127.0.0.1:8080"
"""What stands for the service's address in the Markdown."""


@dataclass(frozen=True)
class Chapter:
    """Pages under a common title."""

    title: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Guide:
    """The pages by their names, their order, and what the search looks through."""

    chapters: tuple[Chapter, ...]
    pages: dict[str, Page]
    index: tuple[Section, ...]

    def neighbours(self, page: Page) -> tuple[Page | None, Page | None]:
        """Return the page before and the page after one."""
        pairs = list(pairwise((None, *self.pages.values(), None)))
        at = list(self.pages).index(page.name)
        return pairs[at][0], pairs[at + 1][1]


@cache
def guide() -> Guide:
    """Return the guide, rendered at the first call."""
    folder = home.guide()
    chapters = tuple(
        Chapter(group.title, tuple(markdown.read(folder / f"{name}.md") for name in group.names))
        for group in contents.read(folder)
    )
    return Guide(chapters, {page.name: page for page in _pages(chapters)}, _index(chapters))


def _pages(chapters: tuple[Chapter, ...]) -> Iterator[Page]:
    return chain.from_iterable(chapter.pages for chapter in chapters)


def _index(chapters: tuple[Chapter, ...]) -> tuple[Section, ...]:
    return tuple(chain.from_iterable(map(sections, _pages(chapters))))
