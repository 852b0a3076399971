"""`clearbg tune` on a simulated machine."""

import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.tuning.benchmark import Benchmark
from tests.tuning.machine import SimulatedMachine


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimulatedMachine:
    """Two instances are 20 % faster; no other setting has an effect."""
    machine = SimulatedMachine(lambda config: 2.4 if config.instances == 2 else 2.0)
    monkeypatch.setattr(Benchmark, "measure", lambda _, config: machine.measure(config))
    return machine


def tune(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["tune", "--out", str(folder / "out"), *arguments])


def test_it_prints_a_recommendation_and_writes_settings_and_chart(
    tmp_path: Path, machine: SimulatedMachine
) -> None:
    done = tune(tmp_path)
    assert done.exit_code == 0, done.output
    assert "Recommended: instances=2." in done.output
    assert "One knob at a time" in done.output
    lines = (tmp_path / "out" / "recommended.env").read_text().splitlines()
    assert "CLEARBG_MAX_QUEUE=64" in lines
    old_value = lines.index("# was 1")
    assert lines[old_value + 1] == "# instance_group [ { count: 2 } ]"
    assert any("20.0 %" in line and "5 rounds: better" in line for line in lines)
    with Image.open(tmp_path / "out" / "tune.png") as picture:
        assert picture.format == "PNG"


def test_the_settings_file_has_only_settings_and_comments(
    tmp_path: Path, machine: SimulatedMachine
) -> None:
    tune(tmp_path)
    lines = (tmp_path / "out" / "recommended.env").read_text().splitlines()
    assert all(line.startswith(("#", "CLEARBG_")) for line in lines)
    names = {line.split("=")[0] for line in lines if not line.startswith("#")}
    assert names == {"CLEARBG_CPU_THREADS", "CLEARBG_CODEC_THREADS", "CLEARBG_MAX_QUEUE"}


def test_earlier_measurements_are_reused_unless_restarted(
    tmp_path: Path, machine: SimulatedMachine
) -> None:
    tune(tmp_path)
    count = len(machine.measured)
    assert f"{count} measurements were reused" in tune(tmp_path).output
    assert len(machine.measured) == count
    tune(tmp_path, "--restart")
    assert len(machine.measured) == 2 * count


def test_without_matplotlib_it_names_the_extra_to_install(
    tmp_path: Path, machine: SimulatedMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gateway.tuning.chart", raising=False)
    monkeypatch.delattr("gateway.tuning.chart", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    done = tune(tmp_path)
    assert done.exit_code == 0
    assert "pip install 'clearbg[tune]'" in done.output
    assert (tmp_path / "out" / "recommended.env").is_file()
    assert not (tmp_path / "out" / "tune.png").exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--knob", "volume"], "There is no knob volume; there are: batch"),
        (["--seconds", "3"], "another seconds: use another --out, or --restart"),
        (["--photo", "nowhere.jpg"], "nowhere.jpg"),
    ],
)
def test_invalid_arguments_are_rejected(
    tmp_path: Path, machine: SimulatedMachine, arguments: list[str], hint: str
) -> None:
    tune(tmp_path, "--knob", "batch")
    done = tune(tmp_path, *arguments)
    assert done.exit_code
    assert hint in done.output


@pytest.mark.real
def test_a_default_that_cannot_be_measured_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Benchmark) -> list[str]:
        return [sys.executable, "-c", "import sys; sys.exit('it burns')"]

    monkeypatch.setattr(Benchmark, "command", broken)
    done = tune(tmp_path)
    assert done.exit_code == 1
    assert "it burns" in done.output
