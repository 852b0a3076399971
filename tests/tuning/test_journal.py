"""What was measured is kept, and measured once."""

from pathlib import Path

import pytest

from gateway.tuning.bench import NotMeasured
from gateway.tuning.budget import Budget
from gateway.tuning.config import Config, knobs
from gateway.tuning.journal import Journal, JournalRefused
from gateway.tuning.measurement import Measurement
from gateway.tuning.sweep import Sweep
from tests.tuning.machine import DEFAULT, Machine

CONDITIONS = {"cores": 4, "seconds": 10.0}


def sweep(path: Path, machine: Machine) -> Journal:
    journal = Journal(path, CONDITIONS)
    each = knobs(DEFAULT, "triton-cpu", 4, 8)
    Sweep(DEFAULT, each, lambda c, r: journal.measure(c, r, machine.measure), Budget(1e9)).run()
    return journal


class Killed(BaseException):
    pass


def test_a_killed_sweep_measures_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "points.jsonl"
    whole = Machine(lambda config: 2.0 + config.codec_threads / 10)
    sweep(tmp_path / "whole.jsonl", whole)
    asked: list[Config] = []
    for lives in (3, 4, 1, 100):

        class Mortal(Machine):
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
                file.write('{"config": {"max_ba')  # it was writing
        asked += machine.asked
    assert asked == whole.asked
    assert path.read_text() == (tmp_path / "whole.jsonl").read_text()
    last = sweep(path, again := Machine(lambda _: 2.0))
    assert (again.asked, last.measured, last.reused) == ([], 0, len(whole.asked))


def test_without_any_time_what_is_known_is_told_again(tmp_path: Path) -> None:
    """The first run had time for one candidate's repeats only; the next one has none at all."""
    path, now = tmp_path / "points.jsonl", [0.0]
    machine = Machine(lambda c: 2.0 + (c.max_batch_size == 4) + (c.codec_threads == 1) / 50)

    def run(seconds: float) -> Sweep:
        journal = Journal(path, CONDITIONS)
        budget = Budget(seconds, lambda: now[0])

        def slow(config: Config) -> Measurement:
            now[0] += 10
            return machine.measure(config)

        timed = budget.timed(slow)
        each = knobs(DEFAULT, "triton-cpu", 4, 8)
        sweep = Sweep(DEFAULT, each, lambda c, r: journal.measure(c, r, timed), budget)
        sweep.known = journal.knows
        sweep.run()
        return sweep

    first, asked = run(200), len(machine.asked)
    assert len(first.repeats[DEFAULT]) >= 4
    again = run(0)
    assert len(machine.asked) == asked
    assert (again.points, again.repeats) == (first.points, first.repeats)


def test_a_failure_is_tried_again(tmp_path: Path) -> None:
    def fail(config: Config) -> Measurement:
        raise NotMeasured("no memory")

    journal = Journal(tmp_path / "points.jsonl", CONDITIONS)
    with pytest.raises(NotMeasured, match="no memory"):
        journal.measure(DEFAULT, "sweep", fail)
    journal = Journal(tmp_path / "points.jsonl", CONDITIONS)
    assert journal.measure(DEFAULT, "sweep", Machine(lambda _: 2.0).measure).images_s == 2.0


def test_other_conditions_are_refused_by_name(tmp_path: Path) -> None:
    Journal(tmp_path / "points.jsonl", CONDITIONS)
    with pytest.raises(JournalRefused, match=r"another cores: use another --out, or --restart"):
        Journal(tmp_path / "points.jsonl", CONDITIONS | {"cores": 8})


@pytest.mark.parametrize(
    "text", ["", "{}", "nonsense\n", "[]\n", '{"cores": 4, "seconds": 10.0}\n1\n']
)
def test_a_damaged_journal_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "points.jsonl").write_text(text)
    with pytest.raises(JournalRefused, match="--restart"):
        Journal(tmp_path / "points.jsonl", CONDITIONS)
