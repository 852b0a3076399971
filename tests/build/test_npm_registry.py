"""The registry is the one that npm itself would use."""

from pathlib import Path

import pytest

from serving import npm_registry

HERE = "http://registry.test:4873"


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Simulate a machine without npm and its configuration; return the empty working folder."""
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry", "npm_config_userconfig"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(tmp_path / "user.npmrc"))
    monkeypatch.setattr(npm_registry, "GLOBAL_CONFIGURATIONS", (tmp_path / "global.npmrc",))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def npm(bare: Path, script: str) -> None:
    path = bare / "bin" / "npm"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_there_is_no_registry_without_configuration() -> None:
    assert npm_registry.find() is None


@pytest.mark.parametrize("name", ["NPM_CONFIG_REGISTRY", "npm_config_registry"])
def test_the_environment_comes_first(
    bare: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    npm(bare, "echo http://other.test")
    monkeypatch.setenv(name, f"{HERE}/")
    assert npm_registry.find() == HERE


@pytest.mark.real
def test_npm_itself_comes_next(bare: Path) -> None:
    (bare / ".npmrc").write_text("registry=http://other.test")
    npm(bare, f'test "$*" = "config get registry" && echo {HERE}/')
    assert npm_registry.find() == HERE


@pytest.mark.real
@pytest.mark.parametrize("script", ["exit 1", "echo undefined", "nosuchcommand"])
def test_an_npm_without_an_answer_is_ignored(bare: Path, script: str) -> None:
    npm(bare, script)
    (bare / ".npmrc").write_text(f"registry={HERE}")
    assert npm_registry.find() == HERE


def test_the_file_of_highest_precedence_wins(bare: Path) -> None:
    for name in ("global.npmrc", "user.npmrc", ".npmrc"):
        (bare / name).write_text(f"registry={HERE}/{name}")
        assert npm_registry.find() == f"{HERE}/{name}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("registry = {}/\n", id="spaces"),
        pytest.param('; a comment\n\tregistry="{}"\n', id="quotes"),
        pytest.param("@scope:registry=http://other.test\nregistry={}", id="of a scope"),
        pytest.param("#registry=http://other.test\nregistry={}", id="commented out"),
        pytest.param("registry=${{WHERE}}", id="a variable"),
    ],
)
def test_a_line_is_parsed_as_by_npm(bare: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WHERE", HERE)
    (bare / ".npmrc").write_text(text.format(HERE))
    assert npm_registry.find() == HERE
