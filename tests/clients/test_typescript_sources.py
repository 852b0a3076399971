"""What holds for the TypeScript client's files, without a service."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from clients.openapi import document
from tests.clients.typescript import CLIENT, run
from tests.end_to_end.service import ROOT

SOURCES = [*CLIENT.glob("src/*.ts"), *CLIENT.glob("test/*.ts")]
COMMENT = re.compile(r"/\*.*?\*/|(?<![:/])//[^\n]*", re.S)
MAX_FILE_LINES = 250


def test_the_generated_types_are_those_of_the_service(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(document()))
    generated = tmp_path / "openapi.ts"
    generate = json.loads((CLIENT / "package.json").read_text())["scripts"]["generate"]
    command = generate.replace("src/openapi.ts", str(generated)).split()
    run(*command, str(tmp_path / "openapi.json"))
    assert generated.read_text() == (CLIENT / "src" / "openapi.ts").read_text(), "run `make client`"


def test_types_are_strict() -> None:
    options = json.loads((CLIENT / "tsconfig.base.json").read_text())["compilerOptions"]
    for name in ("strict", "noUncheckedIndexedAccess", "exactOptionalPropertyTypes"):
        assert options[name] is True


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_is_any(path: Path) -> None:
    code = COMMENT.sub("", path.read_text())
    assert re.findall(r".*\bany\b.*|.*@ts-.*", code) == []


def test_no_file_is_too_long() -> None:
    lines = {path.name: path.read_text().count("\n") for path in SOURCES}
    del lines["openapi.ts"]
    assert len(lines) > 10
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}


def test_the_lock_names_no_registry() -> None:
    lock = (CLIENT / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry." not in lock
    assert lock.count('"integrity": "sha512-') > 20


def test_it_needs_no_packages_but_that_of_webhooks_and_has_our_version() -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    assert "dependencies" not in package
    assert list(package["peerDependencies"]) == ["standardwebhooks"]
    assert package["peerDependenciesMeta"] == {"standardwebhooks": {"optional": True}}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert package["version"] == project["version"]
    assert (CLIENT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
