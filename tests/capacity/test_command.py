"""`clearbg capacity`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.capacity import costs
from gateway.cli import app
from tests.capacity.test_plan import COSTS


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with costs that were measured before."""
    monkeypatch.setenv("CLEARBG_DATA_DIR", str(tmp_path))
    costs.write(COSTS, tmp_path)
    return tmp_path


def capacity(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["capacity", *arguments])


def test_it_prints_what_is_needed_and_the_bottleneck(data_dir: Path) -> None:
    done = capacity("--rps", "10", "--p95-ms", "3000", "--photo-mp", "12", "--cores", "4")
    assert done.exit_code == 0, done.output
    assert "1 gateway replicas of 4 cores, and 5 model instances on 10 cores" in done.output
    assert "Bottleneck: model, at 12.5 images/s" in done.output
    assert "Measuring" not in done.output


def test_costs_may_be_given_as_options(data_dir: Path) -> None:
    gpu = ("--model-images-s", "60", "--model-cores", "0", "--model-batch", "8")
    done = capacity(
        "--rps", "40", "--p95-ms", "1000", "--cores", "4", "--gateway-cpu-ms", "170", *gpu
    )
    assert done.exit_code == 0, done.output
    assert "model instances, a GPU each" in done.output
    assert "decode 170 ms" in done.output


def test_an_unreachable_goal_is_an_error(data_dir: Path) -> None:
    done = capacity("--rps", "10", "--p95-ms", "100")
    assert done.exit_code == 1
    assert "when nothing waits" in done.output


@pytest.mark.real
def test_costs_are_measured_and_kept(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real model and the real image path, once."""
    measure = costs.measure
    monkeypatch.setattr(costs, "measure", lambda settings: measure(settings, rounds=1))
    done = capacity("--rps", "0.1", "--p95-ms", "100000", "--measure")
    assert done.exit_code == 0, done.output
    assert "Measuring" in done.output
    kept = costs.read(data_dir)
    assert kept
    assert kept != COSTS
    assert 0 < kept.encode.at(12) < kept.model_s * 12
