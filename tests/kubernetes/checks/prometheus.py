"""Checks of queries, rules and dashboards."""

import json
from collections.abc import Iterator

import yaml

from tests.kubernetes.objects import Object, label, of_kind
from tests.observability import queries, rules


def queries_are_promql(objects: list[Object]) -> Iterator[str]:
    for where, query in _queries(objects):
        try:
            queries.metrics(query)
        except ValueError as error:
            yield f"{where}: {error}"


def queries_read_known_metrics(objects: list[Object]) -> Iterator[str]:
    """The dashboards and alerts are tested against real processes: they know what exists."""
    known = rules.RECORDS.union(
        *(queries.metrics(query) for query in queries.QUERIES),
        *(queries.metrics(rule["expr"]) for rule in rules.RULES),
    )
    for where, query in _queries(objects):
        try:
            for name in sorted(queries.metrics(query) - known):
                yield f"{where}: nothing here has the metric {name}"
        except ValueError:
            pass  # queries_are_promql reports it


def rules_are_those_that_are_tested(objects: list[Object]) -> Iterator[str]:
    files = [yaml.safe_load(file.read_text()) for file in rules.FILES]
    tested = [group for file in files for group in file["groups"]]
    for found in of_kind(objects, "PrometheusRule"):
        for group in found["spec"]["groups"]:
            if group not in tested:
                yield f"{label(found)}: group {group['name']} is not that of the repository"


def dashboards_are_those_that_are_tested(objects: list[Object]) -> Iterator[str]:
    for found in of_kind(objects, "ConfigMap"):
        for name, text in found.get("data", {}).items():
            if name.endswith(".json") and json.loads(text) not in queries.PAGES.values():
                yield f"{label(found)}: {name} is not a dashboard of the repository"


def _queries(objects: list[Object]) -> Iterator[tuple[str, str]]:
    for found in of_kind(objects, "PrometheusRule"):
        for group in found["spec"]["groups"]:
            yield from ((label(found), rule["expr"]) for rule in group["rules"])
    for scaler in of_kind(objects, "ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            if query := trigger["metadata"].get("query"):
                yield label(scaler), str(query)
