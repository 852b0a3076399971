"""Limits that keep the code readable: small files, small functions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (
    *("gateway", "serving", "loadtest", "deploy", "docs", "clients", "tests"),
    "model_repository",
)
MAX_FILE_LINES, MAX_FUNCTION_LINES = 250, 45


def sources() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            yield str(path.relative_to(ROOT)), path.read_text()


def test_no_file_is_too_long() -> None:
    lines = {name: text.count("\n") for name, text in sources()}
    assert len(lines) > 300
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    lines = {
        f"{name}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for name, text in sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lines) > 1000
    assert {name: count for name, count in lines.items() if count > MAX_FUNCTION_LINES} == {}


def test_every_file_that_the_architecture_names_exists() -> None:
    names = re.findall(
        r"`?(\b[\w/]+\.py|\b\w+/)(?=[`\s,)])", (ROOT / "ARCHITECTURE.md").read_text()
    )
    assert len(names) > 30
    missing = [
        name for name in names if not any((ROOT / top / name).exists() for top in ("", *FOLDERS))
    ]
    assert missing == []
