"""The NetworkPolicies allow what the processes need by their settings, and nothing else."""

from copy import deepcopy
from pathlib import Path

import pytest

from tests.kubernetes.mutations import Manifests, first_rule
from tests.kubernetes.needs import OUTSIDERS, needed_flows
from tests.kubernetes.objects import Object
from tests.kubernetes.reachability import Flow, Party, Port, flows
from tests.kubernetes.rendering import OVERLAYS, VALUES, chart, overlay

pytestmark = pytest.mark.real  # renders with kubectl

NAMESPACE = "clearbg"
GATEWAY, TRITON = "Deployment/clearbg-gateway", "Deployment/clearbg-triton"


def possible(objects: list[Object]) -> set[Flow]:
    stranger = Party("a pod of others in our namespace", (Port(80),), namespace=NAMESPACE)
    return flows(objects, NAMESPACE, [*OUTSIDERS, stranger])


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_is_possible_is_what_is_needed(name: str) -> None:
    objects = list(overlay(name))
    needed = needed_flows(objects)
    assert sorted(needed - possible(objects)) == []
    assert sorted(possible(objects) - needed) == []


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_what_the_settings_of_a_chart_need_is_possible(values: Path) -> None:
    objects = list(chart(values))
    assert sorted(needed_flows(objects) - possible(objects)) == []


def test_gateways_reach_triton_and_triton_reaches_nobody() -> None:
    found = possible(list(overlay("cpu")))
    assert Flow(GATEWAY, TRITON, 8001) in found
    assert [flow for flow in found if flow.source == TRITON] == []


def test_without_a_rule_something_needed_is_impossible() -> None:
    objects = deepcopy(list(overlay("cpu")))
    needed = needed_flows(objects)
    first_rule("egress")(Manifests(objects))["ports"][0]["port"] = "metrics"
    assert needed - possible(objects) == {
        Flow(GATEWAY, TRITON, 8001),
        Flow("StatefulSet/clearbg-worker", TRITON, 8001),
    }


def test_without_policies_everything_is_possible() -> None:
    objects = [o for o in overlay("cpu") if o["kind"] != "NetworkPolicy"]
    assert Flow("a pod of others", GATEWAY, 8081) in possible(objects)
    assert Flow(TRITON, "metadata of the cloud", 80) in possible(objects)
