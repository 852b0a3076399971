"""The search, which the page for browsers without scripts and its index both are made of."""

from pathlib import Path

import httpx

from gateway.docs import markdown
from gateway.docs.guide import guide
from gateway.docs.search import Section, search, sections
from tests.docs.conftest import HTML

INDEX = [
    Section("/docs/a", "Bulk", "Bulk", "Jobs have many images."),
    Section("/docs/a#w", "Bulk", "Webhooks", "The end of a job is reported."),
    Section("/docs/b", "Errors", "Errors", "A webhook may fail. " + "x " * 200 + "Retry later."),
]


def test_sections_are_what_is_under_a_heading(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    table = "| a | b |\n|---|---|\n| c | `d` |\n"
    path.write_text(f"# Title\n\nOne *two*\nthree.\n\n## Code\n\n```sh\nrun me\n```\n\n{table}")
    assert list(sections(markdown.read(path))) == [
        Section("/docs/page", "Title", "Title", "One two three."),
        Section("/docs/page#code", "Title", "Code", "run me a b c d"),
    ]


def test_headings_count_more_than_text() -> None:
    assert [found.section.path for found in search(INDEX, "webhook")] == ["/docs/a#w", "/docs/b"]


def test_all_words_must_be_there_in_any_case() -> None:
    assert [found.section.path for found in search(INDEX, "JOB end")] == ["/docs/a#w"]
    assert search(INDEX, "job nonsense") == []
    assert search(INDEX, "  ") == []


def test_the_excerpt_is_around_the_first_word_and_marks_all() -> None:
    (found,) = search(INDEX, "later retry")
    assert [text for text, is_word in found.excerpt if is_word] == ["Retry", "later"]
    assert found.excerpt[0][0].startswith("…x ")
    assert sum(len(text) for text, _ in found.excerpt) < 250


def test_signs_of_regular_expressions_are_just_signs() -> None:
    assert search([Section("/", "t", "h", "a (b [c")], "(b [c")


async def test_it_works_without_scripts(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs/search", params={"q": "trimap"}, headers=HTML)).text
    assert '<a href="/docs/editing#correct-the-mask">' in page
    assert "<mark>trimap</mark>" in page
    nothing = (await client.get("/docs/search", params={"q": "no such words"})).text
    assert "Nothing has all words of “no such words”" in nothing
    assert (await client.get("/docs/search")).status_code == 200


async def test_what_is_searched_for_is_shown_and_never_run(client: httpx.AsyncClient) -> None:
    query = '"><script>alert(1)</script>'
    page = (await client.get("/docs/search", params={"q": query})).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


async def test_the_index_has_every_section_of_every_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/search.json", headers={"Host": "cut.example"})
    index = answer.json()
    assert {section["path"].partition("#")[0] for section in index} == {
        page.path for page in guide().pages.values()
    }
    assert len(index) == len(guide().index)
    assert "127.0.0.1:8080" not in answer.text
    assert "http://cut.example/v1/removebg" in answer.text
