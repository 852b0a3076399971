"""`clearbg model add`, `list`, `show` and `remove`, and the models of an account."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.settings import Settings
from tests import networks

LICENCE = ("--licence", "CC BY-NC 4.0", "--non-commercial")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLEARBG_MODEL_REPOSITORY", str(tmp_path / "repository"))
    monkeypatch.setenv("CLEARBG_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "repository"


def clearbg(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def add(*options: str) -> Result:
    digest = networks.write(Path("small.onnx"))
    return clearbg(
        "model", "add", "birefnet-lite", "--onnx", "small.onnx", "--sha256", digest, *options
    )


def test_the_licence_is_shown_and_must_be_accepted(repository: Path) -> None:
    done = add(*LICENCE)
    assert done.exit_code == 1
    assert "CC BY-NC 4.0. It forbids commercial use." in done.output
    assert "--accept-licence" in done.output
    assert not repository.exists()


def test_an_added_model_is_listed_shown_and_removed(repository: Path) -> None:
    done = add(*LICENCE, "--accept-licence", "--side", str(networks.SIDE))
    assert done.exit_code == 0, done.output
    (listed,) = json.loads(clearbg("model", "list", "--json").stdout)
    assert (listed["name"], listed["title"], listed["side"]) == (
        "birefnet-lite",
        "BiRefNet, lite",
        networks.SIDE,
    )
    assert (listed["licence"], listed["non_commercial"]) == ("CC BY-NC 4.0", True)
    assert listed["version"] in clearbg("model", "show", "birefnet-lite").stdout
    assert "only birefnet-lite" in clearbg("model", "show", "u2net").output
    assert clearbg("model", "remove", "birefnet-lite").exit_code == 0
    assert clearbg("model", "list", "--json").stdout.strip() == "[]"


def test_the_default_cannot_be_removed(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert add(*LICENCE, "--accept-licence", "--side", str(networks.SIDE)).exit_code == 0
    monkeypatch.setenv("CLEARBG_MODEL", "birefnet-lite")
    done = clearbg("model", "remove", "birefnet-lite")
    assert done.exit_code == 1
    assert "CLEARBG_MODEL" in done.output


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ((), "--side 64"),
        (("--preset", "nonsense"), "no known network"),
        (("--mean", "0.5"), "three numbers"),
        (("--std", "1,1,0"), "three numbers"),
        (("--side", "2049"), "2048"),
        (("--torchscript", "x.pt"), "one of --onnx and --torchscript"),
    ],
)
def test_a_wrong_declaration_is_rejected_with_what_to_do(
    repository: Path, options: tuple[str, ...], hint: str
) -> None:
    done = add(*LICENCE, "--accept-licence", *options)
    assert done.exit_code
    assert hint in done.output


def test_an_account_can_be_restricted_to_models(repository: Path) -> None:
    def models() -> dict[str, str | None]:
        rows = json.loads(clearbg("accounts", "list", "--json").stdout)
        return {row["name"]: row["models"] for row in rows}

    assert clearbg("accounts", "create", "shop", "--model", "a", "--model", "b").exit_code == 0
    assert models() == {"default": None, "shop": "a, b"}
    assert clearbg("accounts", "restrict", "shop", "--model", "b").exit_code == 0
    assert models()["shop"] == "b"
    assert clearbg("accounts", "restrict", "shop").exit_code == 0
    assert models()["shop"] is None
    assert clearbg("accounts", "restrict", "nobody").exit_code == 1


@pytest.mark.real  # `doctor` looks for npm
def test_a_default_that_there_is_not_is_reported(repository: Path) -> None:
    assert Settings(model="u2net").model_dir == repository / "u2net" / "1"
    assert add(*LICENCE, "--accept-licence", "--side", str(networks.SIDE)).exit_code == 0
    done = CliRunner(env={"CLEARBG_MODEL": "u2net"}).invoke(app, ["doctor"])
    assert "There is no model u2net, only birefnet-lite" in " ".join(done.output.split())
