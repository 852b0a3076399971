"""What becomes of a page's Markdown."""

from pathlib import Path

import pytest

from gateway.docs import code, headings, markdown
from gateway.docs.markdown import Page


def page(folder: Path, text: str, name: str = "page") -> Page:
    path = folder / f"{name}.md"
    path.write_text(f"# Title\n\n{text}\n")
    return markdown.read(path)


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Bulk jobs", "bulk-jobs"),
        ("`POST /v1/removebg`", "post-v1removebg"),
        ("What's new, and why?", "whats-new-and-why"),
        ("snake_case - and dashes", "snake_case---and-dashes"),
        ("Über [a link](other.md)", "über-a-link"),
    ],
)
def test_anchors_are_githubs(heading: str, anchor: str, tmp_path: Path) -> None:
    assert page(tmp_path, f"## {heading}").headings[1].anchor == anchor


def test_equal_headings_get_numbers(tmp_path: Path) -> None:
    made = page(tmp_path, "## Use\n\n## Use-1\n\n## Use")
    assert [heading.anchor for heading in made.headings[1:]] == ["use", "use-1", "use-2"]
    assert '<h2 id="use-2">' in made.html
    assert made.title == "Title"


def test_links_lead_to_pages_of_the_site(tmp_path: Path) -> None:
    html = page(tmp_path, "[a](errors.md#grpc) [b](https://x.example/?a=1&b=2) [c](#use)").html
    assert '<a href="/docs/errors#grpc">a</a>' in html
    assert '<a href="https://x.example/?a=1&amp;b=2">b</a>' in html
    assert '<a href="#use">c</a>' in html


def test_of_a_link_into_the_repository_the_text_is_left(tmp_path: Path) -> None:
    assert "<p>See the plan, [x]</p>" in page(tmp_path, "See [the plan](../PLAN.md), [x]").html


def test_html_is_text_and_comments_are_left_out(tmp_path: Path) -> None:
    html = page(
        tmp_path, "a <script>alert(1)</script> b\n\n<b>c</b>\n\n<!-- no-test -->\n\nend"
    ).html
    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert "no-test" not in html


def test_code_is_coloured_by_classes_and_loses_nothing(tmp_path: Path) -> None:
    source = 'import os  # a "comment"\nprint(f"<{os.name}>", 1)\n'
    html = page(tmp_path, f"```python\n{source}```").html
    for color in ("keyword", "comment", "string", "number", "builtin"):
        assert f'class="hl-{color}"' in html
    assert "style=" not in html
    assert code.highlight("python", source).striptags() == " ".join(source.split())


def test_an_unknown_language_is_shown_without_colours(tmp_path: Path) -> None:
    assert "x &lt; y" in page(tmp_path, "```nonsense\nx < y\n```").html


def test_the_place_of_the_key_can_be_found(tmp_path: Path) -> None:
    text = '`YOUR_API_KEY`\n\n```sh\ncurl -H "X-API-Key: YOUR_API_KEY" x\nK=YOUR_API_KEY\n```'
    made = page(tmp_path, text)
    assert made.html.count('<span class="api-key">YOUR_API_KEY</span>') == 3
    assert made.has_key
    assert not page(tmp_path, "none").has_key


def test_the_same_example_in_many_languages_is_one_group(tmp_path: Path) -> None:
    group = "```sh\ncurl x\n```\n\n```python\nx\n```\n\n```js\nx\n```"
    html = page(tmp_path, group).html
    assert html.count('<div class="alternatives">') == 1
    assert [html.count(f"<span>{name}</span>") for name in ("curl", "Python", "JavaScript")] == [
        1
    ] * 3


@pytest.mark.parametrize(
    "blocks",
    [
        "```sh\na\n```\n\n```sh\nb\n```",
        "```sh\na\n```\n\n```json\n{}\n```",
        "```sh\na\n```\n\nthen\n\n```python\nb\n```",
    ],
    ids=["same language", "request and answer", "text between"],
)
def test_other_code_blocks_stay_apart(blocks: str, tmp_path: Path) -> None:
    assert "alternatives" not in page(tmp_path, blocks).html


@pytest.mark.parametrize("kind", ["NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"])
def test_githubs_callouts_are_shown(kind: str, tmp_path: Path) -> None:
    html = page(tmp_path, f"> [!{kind}]\n> Keep *it*.\n> Twice.\n\n> a quotation").html
    assert (
        f'<div class="callout {kind.lower()}"><p class="callout-title">{kind.title()}</p>' in html
    )
    assert "<p>Keep <em>it</em>." in html
    assert "[!" not in html
    assert "<blockquote>\n<p>a quotation</p>\n</blockquote>" in html
    assert html.count("</div>") == 1


def test_tables_scroll_and_have_no_empty_headers(tmp_path: Path) -> None:
    html = page(tmp_path, "| | a |\n|---|---|\n| b | c |").html
    assert '<div class="table-scroll" tabindex="0"' in html
    assert "<td></td>\n<th>a</th>" in html


def test_the_first_naming_of_a_problem_is_its_anchor(tmp_path: Path) -> None:
    text = "`/problems/bad-image` and `/problems/bad-image`"
    assert page(tmp_path, text, "errors").html.count('<code id="bad-image">') == 1
    assert "id=" not in page(tmp_path, text, "other").html.partition("</h1>")[2]


def test_text_of_a_heading_has_no_marks() -> None:
    assert headings.slug("  A `b` ") == "a-b"
