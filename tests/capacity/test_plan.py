"""What a load needs."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capacity import costs
from gateway.capacity.costs import Costs, Line
from gateway.capacity.plan import Demand, Unreachable, plan, together_images_s

COSTS = Costs(
    decode=Line(0.001, 0.005),
    compose=Line(0.004, 0.003),
    encode=Line(0.001, 0.005),
    model_s=0.4,
    model_cores=2,
)
DEMAND = Demand(rps=10, p95_s=3, megapixels=12, cores=4)


def test_the_machine_that_does_both_by_hand() -> None:
    # At 10 MP the gateway takes 0.136 s of CPU, the model 0.8 s: two cores do 2 / 0.936 images/s.
    assert together_images_s(COSTS, 10, 2, transport=False) == pytest.approx(2 / 0.936)
    # HTTP: 0.004 s and 0.001 s a megapixel.
    assert together_images_s(COSTS, 10, 2, transport=True) == pytest.approx(2 / 0.950)
    # More cores than both need do not make one instance faster.
    assert together_images_s(COSTS, 10, 64, transport=False) == pytest.approx(1 / 0.4)


def test_a_plan_keeps_to_its_goal_and_names_what_limits() -> None:
    made = plan(DEMAND, COSTS)
    assert made.p95_s <= DEMAND.p95_s
    assert made.instances == 5, "10 images/s of 0.4 s keep 4 busy all the time"
    assert made.model_cores == 10
    assert made.replicas == 1
    assert made.limits_first[0].name == "model"
    assert made.limits_first[0].saturates_at == pytest.approx(12.5)
    assert all(station.busy < 1 for station in made.stations)


def test_on_gpus_the_gateway_limits_first() -> None:
    made = plan(replace(DEMAND, rps=30), replace(COSTS, model_s=0.01, model_cores=0))
    assert (made.instances, made.model_cores) == (1, 0)
    assert made.limits_first[0].name == "codecs"


def test_a_batch_is_waited_for() -> None:
    gpu = replace(COSTS, model_s=0.02, model_cores=0)
    longer = plan(replace(DEMAND, batch=8), gpu).p95_s - plan(DEMAND, gpu).p95_s
    assert longer == pytest.approx(7 * 0.02, abs=0.01)


def test_a_goal_shorter_than_the_work_is_refused() -> None:
    with pytest.raises(Unreachable, match="nothing waits"):
        plan(replace(DEMAND, p95_s=0.4), COSTS)


@given(st.floats(0.01, 300), st.floats(1, 4), st.floats(0.7, 10), st.floats(1, 4))
def test_more_images_or_a_shorter_p95_never_need_less(
    rps: float, more: float, p95_s: float, longer: float
) -> None:
    def needed(rate: float, goal_s: float) -> tuple[int, int]:
        made = plan(replace(DEMAND, rps=rate, p95_s=goal_s), COSTS)
        assert made.p95_s <= goal_s + 1e-9
        return made.replicas, made.instances

    little, much, lax = (needed(rps, p95_s), needed(rps * more, p95_s), needed(rps, p95_s * longer))
    assert all(a <= b for a, b in zip(little, much, strict=True))
    assert all(a >= b for a, b in zip(little, lax, strict=True))


def test_costs_are_kept_for_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert costs.read(tmp_path) is None
    costs.write(COSTS, tmp_path / "new")
    assert costs.read(tmp_path / "new") == COSTS
    monkeypatch.setattr("os.cpu_count", lambda: 96)
    assert costs.read(tmp_path / "new") is None, "another machine's, from a volume"
    (tmp_path / "new" / costs.NAME).write_text("{")
    assert costs.read(tmp_path / "new") is None


def test_a_line_through_noise_costs_nothing_less_than_nothing() -> None:
    assert costs._line(0.02, 0.13).at(6) == pytest.approx(0.07)
    assert costs._line(0.02, 0.01) == Line(0.02, 0)
    assert math.isclose(costs._line(0.001, 0.13).fixed_s, 0)
