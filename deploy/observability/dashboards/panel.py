"""One panel of a dashboard: queries, and how Grafana draws them."""

from dataclasses import dataclass, field
from typing import Any

HEIGHT = 8
CHOSEN = 'job=~"$job",instance=~"$instance"'
"""What `@` in a query stands for: the processes that the viewer chose."""
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, YELLOW, RED = "green", "yellow", "red"


@dataclass(frozen=True)
class Panel:
    """A panel, not placed yet.

    Args:
        title: of the panel.
        queries: legend to PromQL.
        kind: of Grafana's panels.
        unit: of Grafana's units.
        about: what is seen, where the title does not say it.
        width: of 24 columns.
        height: in rows of about 30 pixels.
        steps: from which value on which colour; the first is for all below.
        most: the axis's end, where there is one.
        stacked: one series on the other.
        texts: values that are told as words.
    """

    title: str
    queries: dict[str, str]
    kind: str = "timeseries"
    unit: str = "short"
    about: str = ""
    width: int = 8
    height: int = HEIGHT
    steps: dict[float, str] = field(default_factory=dict)
    most: float | None = None
    stacked: bool = False
    texts: dict[int, str] = field(default_factory=dict)

    def json(self, id_: int, x: int, y: int) -> dict[str, Any]:
        """The panel as Grafana reads it.

        Args:
            id_: of no other panel of the dashboard.
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
        drawn = {"heatmap": "heatmap", "table": "table"}.get(self.kind, "time_series")
        now = self.kind in ("stat", "table")
        return {
            "refId": ref,
            "datasource": SOURCE,
            "expr": query.replace("@", CHOSEN),
            "legendFormat": legend,
            "format": drawn,
            "instant": now,
            "range": not now,
        }

    def _defaults(self) -> dict[str, Any]:
        said: dict[str, Any] = {"unit": self.unit, "min": 0}
        if self.most is not None:
            said["max"] = self.most
        steps = self.steps or {0: GREEN}
        said["thresholds"] = {
            "mode": "absolute",
            "steps": [  # the first colour has no bound: Grafana wants null for it
                {"value": value if number else None, "color": color}
                for number, (value, color) in enumerate(steps.items())
            ],
        }
        if self.steps:
            said["color"] = {
                "mode": "thresholds" if self.kind != "timeseries" else "palette-classic"
            }
        if self.texts:
            told = {str(value): {"text": text} for value, text in self.texts.items()}
            said["mappings"] = [{"type": "value", "options": told}]
        if self.kind == "timeseries":
            said["custom"] = self._lines()
        return said

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
    """How fast a counter of the chosen processes grows.

    Args:
        counter: the metric.
        by: labels to tell apart, with commas between them.
        where: further matchers.
    """
    chosen = f"{{@,{where}}}" if where else "{@}"
    return f"sum by ({by}) (rate({counter}{chosen}[$__rate_interval]))"


def stat(title: str, query: str, **how: Any) -> Panel:
    """One number, as it is now."""
    return Panel(title, {"": query}, kind="stat", **{"width": 4, "height": 4, **how})


def quantiles(title: str, buckets: str, by: str = "", **how: Any) -> Panel:
    """The median and the 95th percentile of a histogram.

    Args:
        title: of the panel.
        buckets: the histogram's series, such as `name_bucket{@}`.
        by: a label to tell apart; empty for none.
        how: as for Panel.
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
    """How a histogram's values are spread, over time."""
    query = f"sum by (le) (increase({buckets}[$__rate_interval]))"
    return Panel(title, {"{{le}}": query}, kind="heatmap", unit="s", **how)
