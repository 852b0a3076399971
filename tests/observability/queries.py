"""The dashboards' queries, and what is in a query."""

import json
import re

import promql_parser
from promql_parser import MatrixSelector, VectorSelector

from deploy.observability.dashboards.__main__ import FOLDER

GRAFANA = {"$__rate_interval": "5m"}
"""What Grafana puts in before it asks; for a choice of the viewer, all values."""
PAGES = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
QUERIES = {
    target["expr"]
    for page in PAGES.values()
    for panel in page["panels"]
    for target in panel.get("targets", ())
}
WITH_A_GPU = {"nv_gpu_utilization", "nv_gpu_memory_used_bytes", "nv_gpu_memory_total_bytes"}
"""Triton has these only there."""


def filled_in(query: str) -> str:
    """A query as Grafana asks it."""
    for variable, value in GRAFANA.items():
        query = query.replace(variable, value)
    return re.sub(r"\$\w+", ".*", query)


def metrics(query: str) -> set[str]:
    """The names of the series that a query reads.

    Raises:
        ValueError: it is no PromQL.
    """
    found: set[str] = set()

    def visit(expression: object) -> bool:
        if isinstance(expression, MatrixSelector):
            expression = expression.vector_selector
        if isinstance(expression, VectorSelector):
            found.add(str(expression.name))
        return True

    promql_parser.walk(promql_parser.parse(filled_in(query)), visit)
    return found
