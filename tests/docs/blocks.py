"""The fenced blocks of code in the README and the guide.

The first word of a fence is the language. A block runs, unless `not-run=REASON` follows;
`fails` says that its call is rejected, and `file=NAME` that the reader saves it under this name.
"""

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.end_to_end.service import ROOT

PAGES = {path.stem: path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
SHELL, PYTHON, NODE = "bash", "python", "js"
RUN = {SHELL, PYTHON, NODE}
PARSED = {"env", "json", "promql", "toml", "yaml"}
SHOWN = {"text"}
"""What a program prints, and drawings."""
REASONS = {
    "cluster": "needs a Kubernetes cluster",
    "benchmark": "takes minutes, and its result depends on the machine",
    "gpu": "needs an NVIDIA GPU",
    "installs": "installs packages or the service itself; tests/end_to_end/test_package.py and "
    "`make bench-start` do that",
    "elsewhere": "needs other hosts, such as an OpenID Connect provider or a server with Triton",
    "weights": "needs a file of weights that ClearBG does not ship; tests/build adds small ones",
}
"""Why a block is only checked for its syntax."""


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: str
    line: int
    language: str
    words: tuple[str, ...]
    """What follows the language in the fence."""
    text: str

    @property
    def where(self) -> str:
        """The page and line, for messages."""
        return f"{self.page}:{self.line}"

    @property
    def reason(self) -> str:
        """Why it does not run; empty: it does."""
        return self._value("not-run")

    @property
    def file(self) -> str:
        """The name that the reader saves it under; empty: it is not saved."""
        return self._value("file")

    def _value(self, name: str) -> str:
        found = (word.partition("=")[2] for word in self.words if word.split("=")[0] == name)
        return next(found, "")


def of_page(name: str) -> list[Block]:
    """Return the blocks of a page, in their order."""
    return parse(name, PAGES[name])


def parse(name: str, path: Path) -> list[Block]:
    """Return the blocks of a Markdown file, in their order."""
    blocks = []
    for token in MarkdownIt().parse(path.read_text()):
        if token.type in ("fence", "code_block"):
            language, *words = token.info.split() or [""]
            line = (token.map or [0])[0] + 1
            blocks.append(Block(name, line, language, tuple(words), token.content))
    return blocks


def all_blocks() -> list[Block]:
    """Return the blocks of all pages."""
    return [block for name in PAGES for block in of_page(name)]
