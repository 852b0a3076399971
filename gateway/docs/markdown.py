"""One page: Markdown to HTML, with anchors, coloured code, callouts, and links of the site.

The Markdown is ours. HTML in it is shown as it is written, and its comments are left out.
"""

import re
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape
from PIL import Image

from gateway.docs import blocks, code, links
from gateway.docs.headings import Heading, add_anchors

Env = MutableMapping[str, Any]
PROBLEM = re.compile(r"/problems/([\w-]+)")


@dataclass(frozen=True)
class Page:
    """A page of the guide."""

    name: str
    html: Markup
    headings: tuple[Heading, ...]
    tokens: tuple[Token, ...]
    """What the search reads."""

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.headings[0].text

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"{links.PREFIX}/{self.name}"

    @property
    def has_key(self) -> bool:
        """Whether an example needs the reader's key."""
        return code.KEY in self.html


def read(path: Path) -> Page:
    """Return a page.

    Args:
        path: of its Markdown; pictures are beside it.
    """
    markdown = _parser()
    env: Env = {"folder": path.parent, "problems": set() if path.stem == "errors" else None}
    tokens = markdown.parse(path.read_text(), env)
    headings = tuple(add_anchors(tokens))
    blocks.mark_callouts(tokens)
    blocks.mark_alternatives(tokens)
    blocks.mark_empty_headers(tokens)
    html = Markup(markdown.renderer.render(tokens, markdown.options, env))
    return Page(path.stem, html, headings, tuple(tokens))


def _parser() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    rules = {
        "fence": _fence,
        "code_block": _fence,
        "code_inline": _inline_code,
        "html_block": _html,
        "html_inline": _html,
        "image": _image,
        "link_open": _link,
        "link_close": _link,
        "table_open": _table,
        "table_close": _table,
        "blockquote_open": _callout,
        "blockquote_close": _callout,
    }
    for name, rule in rules.items():
        markdown.add_render_rule(name, rule)
    return markdown


Tokens = Sequence[Token]


def _fence(_: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env) -> str:
    token = tokens[at]
    language = token.info.partition(" ")[0]
    block = Markup(
        '<div class="code"><div class="code-head"><span>{}</span></div>'
        '<pre tabindex="0"><code>{}</code></pre></div>\n'
    ).format(code.label(language, token.content), code.highlight(language, token.content))
    before = '<div class="alternatives">\n' if token.meta.get("is_first") else ""
    return f"{before}{block}" + ("</div>\n" if token.meta.get("is_last") else "")


def _inline_code(_: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env) -> str:
    text = tokens[at].content
    problem, found = PROBLEM.fullmatch(text), env["problems"]
    if problem and found is not None and problem[1] not in found:
        found.add(problem[1])
        return Markup('<code id="{}">{}</code>').format(problem[1], text)
    return Markup("<code>{}</code>").format(code.with_key(escape(text)))


def _html(_: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env) -> str:
    text = tokens[at].content
    return "" if text.lstrip().startswith("<!--") else str(escape(text))


def _image(renderer: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env) -> str:
    token = tokens[at]
    source, folder = str(token.attrs["src"]), env["folder"]
    with Image.open(folder / source) as picture:
        width, height = picture.size
    return Markup(
        '<img src="{}/{}" alt="{}" width="{}" height="{}" loading="lazy" decoding="async">'
    ).format(links.PICTURES, source, token.content, width, height)


def _link(renderer: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env) -> str:
    """Render a link; of what only the repository has, its text alone."""
    token, open_links = tokens[at], env.setdefault("links", [])
    if token.type == "link_close":
        return "</a>" if open_links.pop() else ""
    open_links.append(target := links.address(str(token.attrs["href"])))
    return Markup('<a href="{}">').format(target) if target else ""


def _table(_: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env) -> str:
    if tokens[at].type == "table_close":
        return "</table></div>\n"
    return '<div class="table-scroll" tabindex="0" role="group" aria-label="Table"><table>\n'


def _callout(
    renderer: RendererHTML, tokens: Tokens, at: int, options: OptionsDict, env: Env
) -> str:
    token = tokens[at]
    kind = token.meta.get("callout")
    if not kind:
        return renderer.renderToken(tokens, at, options, env)
    if token.nesting < 0:
        return "</div>\n"
    return Markup('<div class="callout {}"><p class="callout-title">{}</p>\n').format(
        kind, kind.capitalize()
    )
