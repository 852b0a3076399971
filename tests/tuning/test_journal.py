"""Measurements are kept, and made once."""

from pathlib import Path

import pytest

from gateway.tuning.benchmark import MeasurementFailed
from gateway.tuning.budget import Budget
from gateway.tuning.config import Config, knobs
from gateway.tuning.journal import Journal, JournalMismatch
from gateway.tuning.measurement import Measurement
from gateway.tuning.sweep import Sweep
from tests.tuning.machine import DEFAULT, SimulatedMachine

CONDITIONS = {"cores": 4, "seconds": 10.0}


def sweep(path: Path, machine: SimulatedMachine) -> Journal:
    journal = Journal(path, CONDITIONS)
    tried = knobs(DEFAULT, "triton-cpu", 4, 8)
    Sweep(DEFAULT, tried, lambda c, r: journal.measure(c, r, machine.measure), Budget(1e9)).run()
    return journal


class Killed(BaseException):
    pass


def test_a_killed_sweep_measures_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    whole = SimulatedMachine(lambda config: 2.0 + config.codec_threads / 10)
    sweep(tmp_path / "whole.jsonl", whole)
    measured: list[Config] = []
    for lives in (3, 4, 1, 100):

        class Mortal(SimulatedMachine):
            left = lives

            def measure(self, config: Config) -> Measurement:
                self.left -= 1
                if self.left < 0:
                    raise Killed
                return super().measure(config)

        machine = Mortal(lambda config: 2.0 + config.codec_threads / 10)
        try:
            sweep(path, machine)
        except Killed:
            with path.open("a") as file:
                file.write('{"config": {"max_ba')  # killed while writing
        measured += machine.measured
    assert measured == whole.measured
    assert path.read_text() == (tmp_path / "whole.jsonl").read_text()
    last = sweep(path, again := SimulatedMachine(lambda _: 2.0))
    assert (again.measured, last.measured, last.reused) == ([], 0, len(whole.measured))


def test_without_time_the_earlier_measurements_are_reported_again(tmp_path: Path) -> None:
    """The first run has time for the repeats of one candidate only, the next one for nothing."""
    path, now = tmp_path / "points.jsonl", [0.0]
    machine = SimulatedMachine(
        lambda c: 2.0 + (c.max_batch_size == 4) + (c.codec_threads == 1) / 50
    )

    def run(seconds: float) -> Sweep:
        journal = Journal(path, CONDITIONS)
        budget = Budget(seconds, lambda: now[0])

        def slow(config: Config) -> Measurement:
            now[0] += 10
            return machine.measure(config)

        timed = budget.timed(slow)
        tried = knobs(DEFAULT, "triton-cpu", 4, 8)
        sweep = Sweep(DEFAULT, tried, lambda c, r: journal.measure(c, r, timed), budget)
        sweep.is_measured = journal.has
        sweep.run()
        return sweep

    first, count = run(200), len(machine.measured)
    assert len(first.repeats[DEFAULT]) >= 4
    again = run(0)
    assert len(machine.measured) == count
    assert (again.points, again.repeats) == (first.points, first.repeats)


def test_a_failed_measurement_is_made_again(tmp_path: Path) -> None:
    def fail(config: Config) -> Measurement:
        raise MeasurementFailed("no memory")

    journal = Journal(tmp_path / "points.jsonl", CONDITIONS)
    with pytest.raises(MeasurementFailed, match="no memory"):
        journal.measure(DEFAULT, "sweep", fail)
    journal = Journal(tmp_path / "points.jsonl", CONDITIONS)
    assert (
        journal.measure(DEFAULT, "sweep", SimulatedMachine(lambda _: 2.0).measure).images_s == 2.0
    )


def test_other_conditions_are_rejected_by_name(tmp_path: Path) -> None:
    Journal(tmp_path / "points.jsonl", CONDITIONS)
    with pytest.raises(JournalMismatch, match=r"another cores: use another --out, or --restart"):
        Journal(tmp_path / "points.jsonl", CONDITIONS | {"cores": 8})


@pytest.mark.parametrize(
    "text", ["", "{}", "nonsense\n", "[]\n", '{"cores": 4, "seconds": 10.0}\n1\n']
)
def test_a_damaged_journal_is_rejected(tmp_path: Path, text: str) -> None:
    (tmp_path / "points.jsonl").write_text(text)
    with pytest.raises(JournalMismatch, match="--restart"):
        Journal(tmp_path / "points.jsonl", CONDITIONS)
