"""The dashboards' queries, and the metrics that a query reads."""

import json
import re

import promql_parser
from promql_parser import MatrixSelector, VectorSelector

from deploy.observability.dashboards.__main__ import FOLDER

GRAFANA_VARIABLES = {"$__rate_interval": "5m"}
"""Grafana's own variables, and values for them."""
PAGES = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
QUERIES = {
    target["expr"]
    for page in PAGES.values()
    for panel in page["panels"]
    for target in panel.get("targets", ())
}
GPU_METRICS = {"nv_gpu_utilization", "nv_gpu_memory_used_bytes", "nv_gpu_memory_total_bytes"}
"""Triton has these only on machines with a GPU."""


def with_variables(query: str) -> str:
    """Return a query as Grafana sends it when the viewer has selected all values."""
    for variable, value in GRAFANA_VARIABLES.items():
        query = query.replace(variable, value)
    return re.sub(r"\$\w+", ".*", query)


def metrics(query: str) -> set[str]:
    """Return the names of the metrics that a query reads.

    Raises:
        ValueError: the query is not PromQL.
    """
    names: set[str] = set()

    def visit(expression: object) -> bool:
        if isinstance(expression, MatrixSelector):
            expression = expression.vector_selector
        if isinstance(expression, VectorSelector):
            names.add(str(expression.name))
        return True

    promql_parser.walk(promql_parser.parse(with_variables(query)), visit)
    return names
