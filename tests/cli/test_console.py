import pytest
from typer.testing import CliRunner

from gateway.cli import app


def test_only_the_invalid_settings_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLEARBG_MODEL_REPOSITORY")  # its default depends on another setting
    done = CliRunner(env={"CLEARBG_HTTP_PORT": "99999"}).invoke(app, ["doctor"])
    assert done.exit_code == 2
    assert done.output == (
        "clearbg: CLEARBG_HTTP_PORT: Input should be less than or equal to 65535\n"
    )
