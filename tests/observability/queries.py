"""What is in a PromQL query."""

import promql_parser
from promql_parser import MatrixSelector, VectorSelector

GRAFANA = {"$__rate_interval": "5m", "$__range": "1h"}
"""What Grafana puts in before it asks."""


def metrics(query: str) -> set[str]:
    """The names of the series that a query reads.

    Raises:
        ValueError: it is no PromQL.
    """
    for variable, value in GRAFANA.items():
        query = query.replace(variable, value)
    found: set[str] = set()

    def visit(expression: object) -> bool:
        if isinstance(expression, MatrixSelector):
            expression = expression.vector_selector
        if isinstance(expression, VectorSelector):
            found.add(str(expression.name))
        return True

    promql_parser.walk(promql_parser.parse(query), visit)
    return found
