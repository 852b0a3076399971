"""`clearbg tune` on a machine that is measured in no time."""

import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.tuning.bench import Bench
from tests.tuning.machine import Machine


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Two instances do a fifth more, and nothing else changes anything."""
    machine = Machine(lambda config: 2.4 if config.instances == 2 else 2.0)
    monkeypatch.setattr(Bench, "measure", lambda _, config: machine.measure(config))
    return machine


def tune(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["tune", "--out", str(folder / "out"), *arguments])


def test_it_prints_draws_and_writes_what_it_found(tmp_path: Path, machine: Machine) -> None:
    done = tune(tmp_path)
    assert done.exit_code == 0, done.output
    assert "Recommended: instances=2." in done.output
    assert "One knob at a time" in done.output
    lines = (tmp_path / "out" / "recommended.env").read_text().splitlines()
    assert "CLEARBG_MAX_QUEUE=64" in lines
    was = lines.index("# was 1")
    assert lines[was + 1] == "# instance_group [ { count: 2 } ]"
    assert any("20.0 %" in line and "5 rounds: better" in line for line in lines)
    with Image.open(tmp_path / "out" / "tune.png") as picture:
        assert picture.format == "PNG"


def test_the_settings_it_writes_can_be_read(tmp_path: Path, machine: Machine) -> None:
    tune(tmp_path)
    lines = (tmp_path / "out" / "recommended.env").read_text().splitlines()
    assert all(line.startswith(("#", "CLEARBG_")) for line in lines)
    names = {line.split("=")[0] for line in lines if not line.startswith("#")}
    assert names == {"CLEARBG_CPU_THREADS", "CLEARBG_CODEC_THREADS", "CLEARBG_MAX_QUEUE"}


def test_it_goes_on_with_what_is_there(tmp_path: Path, machine: Machine) -> None:
    tune(tmp_path)
    asked = len(machine.asked)
    assert f"{asked} measurements were there already" in tune(tmp_path).output
    assert len(machine.asked) == asked
    tune(tmp_path, "--restart")
    assert len(machine.asked) == 2 * asked


def test_without_matplotlib_it_says_what_to_install(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gateway.tuning.picture", raising=False)
    monkeypatch.delattr("gateway.tuning.picture", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    done = tune(tmp_path)
    assert done.exit_code == 0
    assert "pip install 'clearbg[tune]'" in done.output
    assert (tmp_path / "out" / "recommended.env").is_file()
    assert not (tmp_path / "out" / "tune.png").exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--knob", "volume"], "There is no knob volume, but batch"),
        (["--seconds", "3"], "another seconds: use another --out, or --restart"),
        (["--photo", "nowhere.jpg"], "nowhere.jpg"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, machine: Machine, arguments: list[str], hint: str
) -> None:
    tune(tmp_path, "--knob", "batch")
    done = tune(tmp_path, *arguments)
    assert done.exit_code
    assert hint in done.output


def test_a_default_that_does_not_run_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Bench) -> list[str]:
        return [sys.executable, "-c", "import sys; sys.exit('it burns')"]

    monkeypatch.setattr(Bench, "command", broken)
    done = tune(tmp_path)
    assert done.exit_code == 1
    assert "it burns" in done.output
