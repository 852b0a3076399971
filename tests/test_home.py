"""Paths of files, and paths in printed commands, in a checkout and in an installation."""

from pathlib import Path

import pytest

from gateway import home
from gateway.cli import pasted
from gateway.settings import Settings
from tests.end_to_end.service import ROOT


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Simulate an installed package; return the user's data folder, which does not exist yet."""
    monkeypatch.setattr(home, "PACKAGE", tmp_path / "site-packages" / "gateway")
    monkeypatch.setattr(home, "PACKAGED", home.PACKAGE / "packaged")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "clearbg"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CLEARBG_DATA_DIR", "CLEARBG_MODEL_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_checkout_uses_its_own_folders_from_any_working_folder() -> None:
    assert Settings().data_dir == ROOT / "var"
    assert Settings().model_repository == ROOT / "model_repository"


def test_an_installed_package_uses_the_users_data_folder(installed: Path) -> None:
    assert Settings().data_dir == installed
    assert Settings().model_repository == installed / "model_repository"


def test_the_model_repository_is_in_the_configured_data_folder(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARBG_DATA_DIR", "/srv/clearbg")
    assert Settings().model_repository == Path("/srv/clearbg/model_repository")


def test_configurations_are_updated_from_the_wheel_and_built_files_stay(
    installed: Path, tmp_path: Path
) -> None:
    packaged = home.PACKAGED / "model_repository" / "isnet"
    packaged.mkdir(parents=True)
    (packaged / "config.pbtxt").write_text("of this version")
    (packaged / "model.cpython-311.pyc").write_text("what pip compiled")
    repository = tmp_path / "repository"
    (repository / "isnet" / "1").mkdir(parents=True)
    (repository / "isnet" / "1" / "isnet.bin").write_bytes(b"built")
    (repository / "isnet" / "config.pbtxt").write_text("of an earlier one")
    home.install_configurations(repository)
    files = {path.name: path.read_text() for path in repository.rglob("*") if path.is_file()}
    assert files == {"config.pbtxt": "of this version", "isnet.bin": "built"}


def test_printed_paths_are_relative_to_the_working_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert pasted.sample() == str(ROOT / "docs" / "astronaut.jpg")
    monkeypatch.chdir(ROOT)
    assert pasted.sample() == "docs/astronaut.jpg"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("", ".venv/bin/clearbg"), (".venv/bin", "clearbg")],
    ids=["not on PATH", "on PATH"],
)
def test_a_printed_command_is_one_that_the_shell_finds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str, expected: str
) -> None:
    called = tmp_path / ".venv" / "bin" / "clearbg"
    called.parent.mkdir(parents=True)
    called.write_text("#!/bin/sh\n")
    called.chmod(0o755)
    monkeypatch.setattr("sys.argv", [".venv/bin/clearbg", "serve"])
    monkeypatch.setenv("PATH", path)
    assert pasted.command() == expected
