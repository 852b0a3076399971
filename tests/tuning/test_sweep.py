"""The search, on simulated machines."""

import pytest

from gateway.tuning.benchmark import MeasurementFailed
from gateway.tuning.budget import Budget
from gateway.tuning.comparison import compare_with_default, recommend
from gateway.tuning.config import Backend, Config, knobs
from gateway.tuning.measurement import Measurement
from gateway.tuning.sweep import Sweep, pareto_front
from tests.tuning.machine import DEFAULT, SimulatedMachine

KNOBS = knobs(DEFAULT, "triton-cpu", cores=4, concurrency=8)


def run_sweep(machine: SimulatedMachine, **changed: object) -> Sweep:
    sweep = Sweep(DEFAULT, KNOBS, machine.in_round, Budget(1e9))
    for name, value in changed.items():
        setattr(sweep, name, value)
    sweep.run()
    return sweep


def recommended(sweep: Sweep) -> Config:
    comparisons = compare_with_default(sweep.repeats, sweep.default)
    best = recommend(comparisons, sweep.default)
    return best.config if best else sweep.default


def test_noise_leads_to_no_recommendation() -> None:
    configs = [
        recommended(run_sweep(SimulatedMachine(lambda _: 2.0, noise=0.1, seed=seed)))
        for seed in range(300)
    ]
    wrong = sum(config != DEFAULT for config in configs)
    # Two candidates, each compared by two correlated figures: 3 in 1000 each, by chance.
    assert wrong <= 6


def test_a_gain_above_the_noise_is_found() -> None:
    def images_s(config: Config) -> float:
        return 2.0 * (1.4 if config.instances == 2 else 1) * (1.3 if config.cpu_threads == 2 else 1)

    for seed in range(20):
        config = recommended(run_sweep(SimulatedMachine(images_s, noise=0.02, seed=seed)))
        assert (config.instances, config.cpu_threads) == (2, 2)


def test_a_gain_below_the_noise_is_ignored() -> None:
    def images_s(config: Config) -> float:
        return 2.0 * (1.02 if config.codec_threads == 1 else 1)

    configs = [
        recommended(run_sweep(SimulatedMachine(images_s, noise=0.1, seed=seed)))
        for seed in range(50)
    ]
    assert sum(config != DEFAULT for config in configs) <= 2


def test_an_overloaded_configuration_is_never_recommended() -> None:
    sweep = run_sweep(SimulatedMachine(lambda config: 9.0 if config.max_queue < 8 else 2.0))
    assert any(point.measurement.is_overloaded for point in sweep.points)
    assert recommended(sweep) == DEFAULT
    assert not any(point.measurement.is_overloaded for point in pareto_front(sweep.points))


def test_repeats_alternate_with_the_default() -> None:
    machine = SimulatedMachine(lambda config: 3.0 if config.codec_threads == 1 else 2.0)
    sweep = run_sweep(machine)
    rounds = machine.measured[len(sweep.points) :]
    fast = next(config for config in rounds if config != DEFAULT)
    assert rounds == [DEFAULT, fast, fast, DEFAULT, DEFAULT, fast, fast, DEFAULT, DEFAULT, fast]
    assert recommended(sweep) == fast


@pytest.mark.parametrize("rounds", [0, 3])
def test_too_few_repeats_lead_to_no_recommendation(rounds: int) -> None:
    machine = SimulatedMachine(lambda config: 3.0 if config.codec_threads == 1 else 2.0)
    assert recommended(run_sweep(machine, rounds=rounds)) == DEFAULT


def test_a_configuration_that_fails_is_skipped_and_reported() -> None:
    machine = SimulatedMachine(lambda _: 2.0)

    def measure(config: Config, round_: str) -> Measurement:
        if config.instances == 2:
            raise MeasurementFailed("no memory")
        return machine.measure(config)

    sweep = run_sweep(machine, measure=measure)
    assert {reason for _, reason in sweep.skipped} == {"no memory"}
    assert all(config.instances == 2 for config, _ in sweep.skipped)
    assert len(sweep.points) + len(sweep.skipped) == 1 + sum(len(k.changes) for k in KNOBS)


def test_a_failed_repeat_discards_its_round() -> None:
    machine = SimulatedMachine(lambda config: 3.0 if config.codec_threads == 1 else 2.0)

    def measure(config: Config, round_: str) -> Measurement:
        if round_.startswith("2 of"):
            raise MeasurementFailed("no answer")
        return machine.measure(config)

    sweep = run_sweep(machine, measure=measure)
    assert len(sweep.repeats[DEFAULT]) == 4
    assert (DEFAULT, "round 2: no answer") in sweep.skipped


def test_the_budget_reserves_time_for_the_repeats() -> None:
    now = [0.0]
    budget = Budget(300, lambda: now[0])
    machine = SimulatedMachine(lambda config: 3.0 if config.max_batch_size == 4 else 2.0)

    def slow(config: Config) -> Measurement:
        now[0] += 18
        return machine.measure(config)

    measure = budget.timed(slow)
    sweep = Sweep(DEFAULT, KNOBS, lambda config, _: measure(config), budget)
    sweep.run()
    assert now[0] <= 300
    assert {reason for _, reason in sweep.skipped} == {"no time left"}
    assert len(sweep.repeats[DEFAULT]) >= 4
    assert recommended(sweep).changes(DEFAULT) == {"max_batch_size": 4}


@pytest.mark.parametrize("backend", ["triton-cpu", "triton-gpu", "cpu"])
@pytest.mark.parametrize("cores", [1, 2, 64])
def test_a_sweep_has_at_most_20_points_and_measures_none_twice(
    backend: Backend, cores: int
) -> None:
    tried = knobs(DEFAULT, backend, cores, 8)
    machine = SimulatedMachine(lambda config: 2.0 * config.instances)
    sweep = Sweep(DEFAULT, tried, machine.in_round, Budget(1e9))
    sweep.run()
    configs = [point.config for point in sweep.points]
    assert len(configs) == len(set(configs)) <= 20


def test_the_pareto_front_has_the_points_that_no_other_dominates() -> None:
    figures = {1: (2.0, 1.0), 2: (3.0, 2.0), 4: (2.5, 2.5), 8: (1.9, 1.0)}

    def measure(config: Config, round_: str) -> Measurement:
        images_s, p95_s = figures[config.codec_threads]
        return Measurement(images_s, p95_s, p95_s, 10)

    sweep = Sweep(DEFAULT, knobs(DEFAULT, "cpu", 2, 8)[1:2], measure, Budget(1e9))
    sweep.run()
    assert [point.config.codec_threads for point in pareto_front(sweep.points)] == [1, 2]
