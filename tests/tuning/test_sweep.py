"""The search, on machines that are measured in no time."""

import pytest

from gateway.tuning.bench import NotMeasured
from gateway.tuning.budget import Budget
from gateway.tuning.config import Config, knobs
from gateway.tuning.measurement import Measurement
from gateway.tuning.sweep import Sweep, front
from gateway.tuning.verdict import judge, recommended
from tests.tuning.machine import DEFAULT, Machine

KNOBS = knobs(DEFAULT, "triton-cpu", cores=4, load=8)


def swept(machine: Machine, **changed: object) -> Sweep:
    sweep = Sweep(DEFAULT, KNOBS, machine.in_round, Budget(1e9))
    for name, value in changed.items():
        setattr(sweep, name, value)
    sweep.run()
    return sweep


def chosen(sweep: Sweep) -> Config:
    verdict = recommended(judge(sweep.repeats, sweep.default), sweep.default)
    return verdict.config if verdict else sweep.default


def test_noise_recommends_nothing() -> None:
    found = [chosen(swept(Machine(lambda _: 2.0, noise=0.1, seed=seed))) for seed in range(300)]
    wrong = sum(config != DEFAULT for config in found)
    # Two candidates, each judged by two figures that hang together: 3 in 1000 each, by chance.
    assert wrong <= 6


def test_a_gain_above_the_noise_is_found() -> None:
    def images_s(config: Config) -> float:
        return 2.0 * (1.4 if config.instances == 2 else 1) * (1.3 if config.cpu_threads == 2 else 1)

    for seed in range(20):
        config = chosen(swept(Machine(images_s, noise=0.02, seed=seed)))
        assert (config.instances, config.cpu_threads) == (2, 2)


def test_a_gain_below_the_noise_is_left() -> None:
    def images_s(config: Config) -> float:
        return 2.0 * (1.02 if config.codec_threads == 1 else 1)

    found = [chosen(swept(Machine(images_s, noise=0.1, seed=seed))) for seed in range(50)]
    assert sum(config != DEFAULT for config in found) <= 2


def test_what_refuses_images_is_never_recommended() -> None:
    sweep = swept(Machine(lambda config: 9.0 if config.max_queue < 8 else 2.0))
    assert any(point.seen.refuses for point in sweep.points)
    assert chosen(sweep) == DEFAULT
    assert not any(point.seen.refuses for point in front(sweep.points))


def test_repeats_take_turns_with_the_default() -> None:
    machine = Machine(lambda config: 3.0 if config.codec_threads == 1 else 2.0)
    sweep = swept(machine)
    rounds = machine.asked[len(sweep.points) :]
    fast = next(config for config in rounds if config != DEFAULT)
    assert rounds == [DEFAULT, fast, fast, DEFAULT, DEFAULT, fast, fast, DEFAULT, DEFAULT, fast]
    assert chosen(sweep) == fast


@pytest.mark.parametrize("rounds", [0, 3])
def test_too_few_repeats_recommend_nothing(rounds: int) -> None:
    machine = Machine(lambda config: 3.0 if config.codec_threads == 1 else 2.0)
    assert chosen(swept(machine, rounds=rounds)) == DEFAULT


def test_a_point_that_does_not_run_is_told_and_left_out() -> None:
    machine = Machine(lambda _: 2.0)

    def measure(config: Config, round_: str) -> Measurement:
        if config.instances == 2:
            raise NotMeasured("no memory")
        return machine.measure(config)

    sweep = swept(machine, measure=measure)
    assert {why for _, why in sweep.left_out} == {"no memory"}
    assert all(config.instances == 2 for config, _ in sweep.left_out)
    assert len(sweep.points) + len(sweep.left_out) == 1 + sum(len(k.values) for k in KNOBS)


def test_a_repeat_that_fails_costs_its_round() -> None:
    machine = Machine(lambda config: 3.0 if config.codec_threads == 1 else 2.0)

    def measure(config: Config, round_: str) -> Measurement:
        if round_.startswith("2 of"):
            raise NotMeasured("no answer")
        return machine.measure(config)

    sweep = swept(machine, measure=measure)
    assert len(sweep.repeats[DEFAULT]) == 4
    assert (DEFAULT, "round 2: no answer") in sweep.left_out


def test_the_budget_keeps_time_for_the_repeats() -> None:
    now = [0.0]
    budget = Budget(300, lambda: now[0])
    machine = Machine(lambda config: 3.0 if config.max_batch_size == 4 else 2.0)

    def slow(config: Config) -> Measurement:
        now[0] += 18
        return machine.measure(config)

    measure = budget.timed(slow)
    sweep = Sweep(DEFAULT, KNOBS, lambda config, _: measure(config), budget)
    sweep.run()
    assert now[0] <= 300
    assert {why for _, why in sweep.left_out} == {"no time left"}
    assert len(sweep.repeats[DEFAULT]) >= 4
    assert chosen(sweep).changes(DEFAULT) == {"max_batch_size": 4}


@pytest.mark.parametrize("where", ["triton-cpu", "triton-gpu", "cpu"])
@pytest.mark.parametrize("cores", [1, 2, 64])
def test_a_sweep_has_at_most_20_points_and_measures_none_twice(where: str, cores: int) -> None:
    there = knobs(DEFAULT, where, cores, 8)  # type: ignore[arg-type]
    machine = Machine(lambda config: 2.0 * config.instances)
    sweep = Sweep(DEFAULT, there, machine.in_round, Budget(1e9))
    sweep.run()
    configs = [point.config for point in sweep.points]
    assert len(configs) == len(set(configs)) <= 20


def test_the_front_is_what_nothing_beats() -> None:
    seen = {1: (2.0, 1.0), 2: (3.0, 2.0), 4: (2.5, 2.5), 8: (1.9, 1.0)}

    def measure(config: Config, round_: str) -> Measurement:
        images_s, p95_s = seen[config.codec_threads]
        return Measurement(images_s, p95_s, p95_s, 10)

    sweep = Sweep(DEFAULT, knobs(DEFAULT, "cpu", 2, 8)[1:2], measure, Budget(1e9))
    sweep.run()
    assert [point.config.codec_threads for point in front(sweep.points)] == [1, 2]
