"""The servers that a load needs."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capacity import costs
from gateway.capacity.costs import Costs, LinearCost
from gateway.capacity.plan import Demand, GoalUnreachable, make_plan, shared_machine_images_s

COSTS = Costs(
    decode=LinearCost(0.001, 0.005),
    compose=LinearCost(0.004, 0.003),
    encode=LinearCost(0.001, 0.005),
    model_s=0.4,
    model_cores=2,
)
DEMAND = Demand(rps=10, p95_s=3, megapixels=12, cores=4)


def test_a_shared_machine_saturates_as_calculated_by_hand() -> None:
    # At 10 MP the gateway takes 0.136 s of CPU, the model 0.8 s: two cores do 2 / 0.936 images/s.
    assert shared_machine_images_s(COSTS, 10, 2, transport=False) == pytest.approx(2 / 0.936)
    # HTTP: 0.004 s and 0.001 s a megapixel.
    assert shared_machine_images_s(COSTS, 10, 2, transport=True) == pytest.approx(2 / 0.950)
    # More cores than both need do not make one instance faster.
    assert shared_machine_images_s(COSTS, 10, 64, transport=False) == pytest.approx(1 / 0.4)


def test_a_plan_reaches_its_goal_and_names_the_bottleneck() -> None:
    plan = make_plan(DEMAND, COSTS)
    assert plan.p95_s <= DEMAND.p95_s
    assert plan.instances == 5, "10 images/s of 0.4 s keep 4 busy all the time"
    assert plan.model_cores == 10
    assert plan.replicas == 1
    assert plan.bottlenecks[0].name == "model"
    assert plan.bottlenecks[0].saturates_at == pytest.approx(12.5)
    assert all(pool.utilisation < 1 for pool in plan.pools)


def test_with_gpus_the_gateway_is_the_bottleneck() -> None:
    plan = make_plan(replace(DEMAND, rps=30), replace(COSTS, model_s=0.01, model_cores=0))
    assert (plan.instances, plan.model_cores) == (1, 0)
    assert plan.bottlenecks[0].name == "codecs"


def test_an_image_waits_for_its_whole_batch() -> None:
    gpu = replace(COSTS, model_s=0.02, model_cores=0)
    longer = make_plan(replace(DEMAND, batch=8), gpu).p95_s - make_plan(DEMAND, gpu).p95_s
    assert longer == pytest.approx(7 * 0.02, abs=0.01)


def test_a_goal_shorter_than_the_work_is_unreachable() -> None:
    with pytest.raises(GoalUnreachable, match="nothing waits"):
        make_plan(replace(DEMAND, p95_s=0.4), COSTS)


@given(st.floats(0.01, 300), st.floats(1, 4), st.floats(0.7, 10), st.floats(1, 4))
def test_more_images_or_a_shorter_p95_never_need_less(
    rps: float, factor: float, p95_s: float, goal_factor: float
) -> None:
    def needed(rate: float, goal_s: float) -> tuple[int, int]:
        plan = make_plan(replace(DEMAND, rps=rate, p95_s=goal_s), COSTS)
        assert plan.p95_s <= goal_s + 1e-9
        return plan.replicas, plan.instances

    base = needed(rps, p95_s)
    more_images, later_goal = needed(rps * factor, p95_s), needed(rps, p95_s * goal_factor)
    assert all(a <= b for a, b in zip(base, more_images, strict=True))
    assert all(a >= b for a, b in zip(base, later_goal, strict=True))


def test_costs_are_read_only_on_a_machine_with_as_many_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert costs.read(tmp_path) is None
    costs.write(COSTS, tmp_path / "new")
    assert costs.read(tmp_path / "new") == COSTS
    monkeypatch.setattr(costs, "available_cores", lambda: 96)
    assert costs.read(tmp_path / "new") is None, "measured on another machine, on a shared volume"
    (tmp_path / "new" / costs.NAME).write_text("{")
    assert costs.read(tmp_path / "new") is None


def test_noise_makes_no_part_of_a_cost_negative() -> None:
    assert costs._linear_cost(0.02, 0.13).at(6) == pytest.approx(0.07)
    assert costs._linear_cost(0.02, 0.01) == LinearCost(0.02, 0)
    assert math.isclose(costs._linear_cost(0.001, 0.13).fixed_s, 0)
