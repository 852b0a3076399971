"""The dashboards' files, read as Grafana would read them."""

import json
from itertools import combinations, pairwise
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.observability.dashboards.__main__ import DASHBOARDS, FOLDER, render
from deploy.observability.dashboards.overview import CUTOUTS, FAILED
from tests.observability.queries import GPU_METRICS, PAGES, QUERIES, metrics
from tests.observability.rules import RECORDS, RULES
from tests.observability.scene import Scene

PROMETHEUS_OWN = {"up", "ALERTS"}

pages = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())


def series_names(text: str) -> set[str]:
    """Return the names of all series that a process may have, also of those without values."""
    endings = {"counter": ("_total", ""), "histogram": ("_bucket", "_sum", "_count")}
    return {
        family.name + ending
        for family in text_string_to_metric_families(text)
        for ending in endings.get(family.type, ("",))
    }


def test_the_files_are_those_that_make_dashboards_writes() -> None:
    assert {path: path.read_text() for path in FOLDER.glob("*.json")} == render()


def test_all_metrics_of_a_query_are_found() -> None:
    assert metrics('sum(rate(a{b=~"$c"}[$__rate_interval])) / on () (d > 1)') == {"a", "d"}
    with pytest.raises(ValueError, match="unclosed"):
        metrics("sum(a")


@pytest.mark.real
def test_every_metric_in_a_query_exists(scene: Scene) -> None:
    real = PROMETHEUS_OWN | GPU_METRICS | RECORDS
    for port in scene.ports.values():
        real |= series_names(httpx.get(f"http://127.0.0.1:{port}/metrics").text)
    queried = {name for query in (*QUERIES, *(r["expr"] for r in RULES)) for name in metrics(query)}
    assert queried - real == set()


@pytest.mark.real
def test_every_metric_of_the_service_is_shown(scene: Scene) -> None:
    shown = {name for query in QUERIES for name in metrics(query)}
    text = httpx.get(f"{scene.service.operations_url}/metrics").text
    ours = [f for f in text_string_to_metric_families(text) if f.name.startswith("clearbg_")]
    endings = ("", "_total", "_bucket", "_info")
    assert [f.name for f in ours if not shown & {f.name + end for end in endings}] == []


def test_the_dashboards_select_failures_and_single_images_as_the_rules_do() -> None:
    for matcher in (FAILED, CUTOUTS):
        assert any(matcher in rule["expr"] for rule in RULES)


@pages
def test_panels_do_not_overlap(page: dict[str, Any]) -> None:
    positions = [panel["gridPos"] for panel in page["panels"]]
    for position in positions:
        assert 0 <= position["x"] <= position["x"] + position["w"] <= 24
    for first, second in combinations(positions, 2):
        assert (
            first["x"] + first["w"] <= second["x"]
            or second["x"] + second["w"] <= first["x"]
            or first["y"] + first["h"] <= second["y"]
            or second["y"] + second["h"] <= first["y"]
        ), (first, second)


@pages
def test_panels_and_queries_have_unique_ids(page: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in page["panels"]]
    assert all(first < second for first, second in pairwise(ids))
    for panel in page["panels"]:
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(refs) == len(set(refs))


def test_dashboards_have_unique_ids() -> None:
    assert len({page["uid"] for page in PAGES.values()}) == len(PAGES) == len(DASHBOARDS)
    assert all(page["uid"] == name for name, page in PAGES.items())


@pages
def test_viewers_select_the_datasource_and_the_processes(page: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in page["templating"]["list"]}
    assert {"datasource", "job", "instance"} <= set(variables)
    users = [panel for panel in page["panels"] if panel["type"] != "row"]
    users += [variable for variable in variables.values() if variable["type"] == "query"]
    users += [target for panel in users for target in panel.get("targets", ())]
    assert all(user["datasource"]["uid"] == "${datasource}" for user in users)
    panels = json.dumps(page["panels"])
    assert all(f"${name}" in panels or f"${{{name}}}" in panels for name in variables)


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
