"""Code blocks: their colours, their names, and the place of the reader's key."""

from functools import cache
from itertools import groupby

from markupsafe import Markup, escape
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType
from pygments.util import ClassNotFound

KEY = "YOUR_API_KEY"
"""What stands for the reader's key in examples; a field on the page fills it in."""
COLORS = (
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword, "keyword"),
    (Name.Tag, "keyword"),
    (Name.Builtin, "builtin"),
    (Name.Function, "name"),
    (Name.Class, "name"),
    (Name.Decorator, "name"),
    (Name.Variable, "name"),
    (Name.Attribute, "name"),
)
"""The first kind of token that fits gives the CSS class, `hl-…`."""
LABELS = {
    "bash": "Shell",
    "console": "Shell",
    "go": "Go",
    "js": "JavaScript",
    "javascript": "JavaScript",
    "json": "JSON",
    "python": "Python",
    "sh": "Shell",
    "toml": "TOML",
    "ts": "TypeScript",
    "typescript": "TypeScript",
    "yaml": "YAML",
}
OF_EXAMPLES = {"bash", "go", "javascript", "js", "python", "sh", "ts", "typescript"}
"""Languages of which consecutive blocks say the same, each in its own."""


def label(language: str, code: str) -> str:
    """Return what a block is called; empty for plain text."""
    name = LABELS.get(language, language)
    return "curl" if name == "Shell" and code.startswith("curl ") else name


def highlight(language: str, code: str) -> Markup:
    """Return code as HTML: coloured by CSS classes, and with a place for the key."""
    tokens = ((_color(kind), text) for kind, text in _lexer(language).get_tokens(code))
    runs = groupby(tokens, key=lambda token: token[0])
    return with_key(
        Markup("").join(_span(color, "".join(text for _, text in run)) for color, run in runs)
    )


def with_key(html: Markup) -> Markup:
    """Return code whose placeholders of keys can be found by a script."""
    return Markup(html.replace(KEY, Markup('<span class="api-key">{}</span>').format(KEY)))


def _span(color: str, text: str) -> Markup:
    return Markup('<span class="hl-{}">{}</span>').format(color, text) if color else escape(text)


def _color(kind: _TokenType) -> str:
    return next((color for parent, color in COLORS if kind in parent), "")


@cache
def _lexer(language: str) -> Lexer:
    try:
        return get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        return get_lexer_by_name("text", stripnl=False)
