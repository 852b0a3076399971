"""The dashboards: Grafana is not here, so their files are read as it would read them."""

import json
from itertools import combinations, pairwise
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.observability.dashboards.__main__ import DASHBOARDS, FOLDER, texts
from deploy.observability.dashboards.overview import CUTOUTS, FAILED
from tests.observability.queries import PAGES, QUERIES, WITH_A_GPU, metrics
from tests.observability.rules import RECORDS, RULES
from tests.observability.scene import Scene

PROMETHEUS_OWN = {"up", "ALERTS"}

pages = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


def names(text: str) -> set[str]:
    """Of all series that a process may have, also of those that have no value yet."""
    endings = {"counter": ("_total", ""), "histogram": ("_bucket", "_sum", "_count")}
    return {
        family.name + ending
        for family in text_string_to_metric_families(text)
        for ending in endings.get(family.type, ("",))
    }


def test_the_files_are_what_make_dashboards_writes() -> None:
    assert {path: path.read_text() for path in FOLDER.glob("*.json")} == texts()


def test_queries_are_read_through() -> None:
    assert metrics('sum(rate(a{b=~"$c"}[$__rate_interval])) / on () (d > 1)') == {"a", "d"}
    with pytest.raises(ValueError, match="unclosed"):
        metrics("sum(a")


def test_every_metric_that_is_asked_for_exists(scene: Scene) -> None:
    real = PROMETHEUS_OWN | WITH_A_GPU | RECORDS
    for port in scene.ports.values():
        real |= names(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
    asked = {name for query in (*QUERIES, *(r["expr"] for r in RULES)) for name in metrics(query)}
    assert asked - real == set()


def test_every_metric_of_ours_is_shown(scene: Scene) -> None:
    shown = {name for query in QUERIES for name in metrics(query)}
    text = httpx.get(f"{scene.service.operations_url}/metrics").text
    ours = [f for f in text_string_to_metric_families(text) if f.name.startswith("clearbg_")]
    endings = ("", "_total", "_bucket", "_info")
    assert [f.name for f in ours if not shown & {f.name + end for end in endings}] == []


def test_failures_and_single_images_are_what_the_rules_say() -> None:
    for matcher in (FAILED, CUTOUTS):
        assert any(matcher in rule["expr"] for rule in RULES)


@pages
def test_panels_have_room_of_their_own(page: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in page["panels"]]
    for place in places:
        assert 0 <= place["x"] <= place["x"] + place["w"] <= 24
    for one, other in combinations(places, 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        ), (one, other)


@pages
def test_panels_are_told_apart(page: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in page["panels"]]
    assert all(one < other for one, other in pairwise(ids))
    for panel in page["panels"]:
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(refs) == len(set(refs))


def test_dashboards_are_told_apart() -> None:
    assert len({page["uid"] for page in PAGES.values()}) == len(PAGES) == len(DASHBOARDS)
    assert all(page["uid"] == name for name, page in PAGES.items())


@pages
def test_the_viewer_chooses_the_datasource_and_the_processes(page: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in page["templating"]["list"]}
    assert {"datasource", "job", "instance"} <= set(variables)
    asking = [panel for panel in page["panels"] if panel["type"] != "row"]
    asking += [variable for variable in variables.values() if variable["type"] == "query"]
    asking += [target for panel in asking for target in panel.get("targets", ())]
    assert all(one["datasource"]["uid"] == "${datasource}" for one in asking)
    said = json.dumps(page["panels"])
    assert all(f"${name}" in said or f"${{{name}}}" in said for name in variables)


@pages
def test_every_panel_has_a_unit_a_title_and_legends(page: dict[str, Any]) -> None:
    for panel in page["panels"]:
        assert panel["title"]
        if panel["type"] == "row":
            continue
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None
        single = panel["type"] in ("stat", "table")
        assert all(single or target["legendFormat"] for target in panel["targets"])
