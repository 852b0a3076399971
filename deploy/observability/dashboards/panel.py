"""One panel of a dashboard: its queries, and how Grafana draws them."""

from dataclasses import dataclass, field
from typing import Any

HEIGHT = 8
SELECTED_PROCESSES = 'job=~"$job",instance=~"$instance"'
"""Matchers for the processes that the viewer selected; `@` in a query stands for them."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True)
class Panel:
    """A panel that has no position yet.

    Args:
        title: of the panel.
        queries: PromQL by legend.
        kind: Grafana's type of the panel.
        unit: Grafana's unit of the values.
        about: a description, where the title is not enough.
        width: in columns, of 24.
        height: in rows of about 30 pixels.
        steps: colours by the value from which they apply; the first one applies below it too.
        max_value: end of the axis; None for that of the data.
        stacked: whether the series are stacked.
        texts: texts that replace values.
    """

    title: str
    queries: dict[str, str]
    kind: str = "timeseries"
    unit: str = "short"
    about: str = ""
    width: int = 8
    height: int = HEIGHT
    steps: dict[float, str] = field(default_factory=dict)
    max_value: float | None = None
    stacked: bool = False
    texts: dict[int, str] = field(default_factory=dict)

    def json(self, id_: int, x: int, y: int) -> dict[str, Any]:
        """Return the panel as Grafana reads it.

        Args:
            id_: unique in the dashboard.
            x: column of its left edge.
            y: row of its upper edge.
        """
        return {
            "id": id_,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
            "targets": [
                self._target(chr(ord("A") + number), legend, query)
                for number, (legend, query) in enumerate(self.queries.items())
            ],
        }

    def _target(self, ref: str, legend: str, query: str) -> dict[str, Any]:
        format_ = {"heatmap": "heatmap", "table": "table"}.get(self.kind, "time_series")
        instant = self.kind in ("stat", "table")
        return {
            "refId": ref,
            "datasource": SOURCE,
            "expr": query.replace("@", SELECTED_PROCESSES),
            "legendFormat": legend,
            "format": format_,
            "instant": instant,
            "range": not instant,
        }

    def _defaults(self) -> dict[str, Any]:
        defaults: dict[str, Any] = {"unit": self.unit, "min": 0}
        if self.max_value is not None:
            defaults["max"] = self.max_value
        steps = self.steps or {0: GREEN}
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [  # Grafana requires null for the first step
                {"value": value if number else None, "color": color}
                for number, (value, color) in enumerate(steps.items())
            ],
        }
        if self.steps:
            defaults["color"] = {
                "mode": "thresholds" if self.kind != "timeseries" else "palette-classic"
            }
        if self.texts:
            options = {str(value): {"text": text} for value, text in self.texts.items()}
            defaults["mappings"] = [{"type": "value", "options": options}]
        if self.kind == "timeseries":
            defaults["custom"] = self._lines()
        return defaults

    def _lines(self) -> dict[str, Any]:
        return {
            "fillOpacity": 30 if self.stacked else 5,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if self.stacked else "none"},
            "thresholdsStyle": {"mode": "line" if self.steps else "off"},
        }

    def _options(self) -> dict[str, Any]:
        legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
        if self.kind == "stat":
            return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}
        if self.kind == "heatmap":
            return {"calculate": False, "yAxis": {"unit": self.unit}, "cellGap": 1}
        if self.kind == "state-timeline":
            return {"legend": legend, "mergeValues": True, "showValue": "auto"}
        if self.kind == "table":
            return {"showHeader": True}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def per_second(counter: str, by: str = "", where: str = "") -> str:
    """Return the query for the rate of a counter of the selected processes.

    Args:
        counter: name of the metric.
        by: labels to group by, separated by commas.
        where: further matchers.
    """
    matchers = f"{{@,{where}}}" if where else "{@}"
    return f"sum by ({by}) (rate({counter}{matchers}[$__rate_interval]))"


def stat(title: str, query: str, **how: Any) -> Panel:
    """Return a panel with one current number.

    Args:
        title: of the panel.
        query: PromQL.
        **how: see Panel.
    """
    return Panel(title, {"": query}, kind="stat", **{"width": 4, "height": 4, **how})


def quantiles(title: str, buckets: str, by: str = "", **how: Any) -> Panel:
    """Return a panel with the median and the 95th percentile of a histogram in seconds.

    Args:
        title: of the panel.
        buckets: the histogram's series, such as `name_bucket{@}`.
        by: a label to group by; empty for none.
        **how: see Panel.
    """
    labels = f"le, {by}" if by else "le"
    legend = f"{{{{{by}}}}} " if by else ""
    rates = f"sum by ({labels}) (rate({buckets}[$__rate_interval]))"
    queries = {
        f"{legend}p{percent}": f"histogram_quantile({percent / 100}, {rates})"
        for percent in (50, 95)
    }
    return Panel(title, queries, unit="s", **how)


def heatmap(title: str, buckets: str, **how: Any) -> Panel:
    """Return a panel with the distribution of a histogram in seconds over time.

    Args:
        title: of the panel.
        buckets: the histogram's series, such as `name_bucket{@}`.
        **how: see Panel.
    """
    query = f"sum by (le) (increase({buckets}[$__rate_interval]))"
    return Panel(title, {"{{le}}": query}, kind="heatmap", unit="s", **how)
