"""A dashboard: panels in rows, and the variables that viewers set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.observability.dashboards.panel import SOURCE, Panel

COLUMNS = 24
TAG = "clearbg"


@dataclass(frozen=True)
class Row:
    """Panels under a heading, placed from left to right and wrapped into lines."""

    title: str
    panels: Sequence[Panel]

    def json(self, first_id: int, y: int) -> list[dict[str, Any]]:
        """Return the heading and its panels as Grafana reads them.

        Args:
            first_id: the heading's id; the panels get the following ones.
            y: row of the grid where the heading is placed.
        """
        heading = {
            "id": first_id,
            "type": "row",
            "title": self.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            "panels": [],
        }
        placed = [heading]
        x, y, tallest = 0, y + 1, 0
        for id_, panel in enumerate(self.panels, first_id + 1):
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            placed.append(panel.json(id_, x, y))
            x, tallest = x + panel.width, max(tallest, panel.height)
        return placed


def label_variable(name: str, series: str, label: str, title: str) -> dict[str, Any]:
    """Return a variable whose values are those of a label; viewers select several of them, or all.

    Args:
        name: as queries refer to it: `$name`.
        series: the series that have the label.
        label: the label.
        title: as viewers see it.
    """
    return {
        "name": name,
        "label": title,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({series}, {label})", "refId": name},
        "definition": f"label_values({series}, {label})",
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "refresh": 2,  # whenever the time range changes: processes come and go
        "sort": 1,
    }


DATASOURCE = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
}
PROCESSES = (
    label_variable("job", "clearbg_build_info", "job", "Job"),
    label_variable("instance", 'clearbg_build_info{job=~"$job"}', "instance", "Instance"),
)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard.

    Args:
        uid: name in URLs, and of the file.
        title: as viewers see it.
        rows: from top to bottom.
        variables: in addition to the datasource, the job and the instance.
    """

    uid: str
    title: str
    rows: Sequence[Row]
    variables: Sequence[dict[str, Any]] = ()

    def json(self) -> dict[str, Any]:
        """Return the dashboard as Grafana imports it."""
        panels: list[dict[str, Any]] = []
        for row in self.rows:
            below = max((p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels), default=0)
            panels += row.json(len(panels) + 1, below)
        return {
            "uid": self.uid,
            "title": self.title,
            "tags": [TAG],
            "schemaVersion": 39,
            "editable": True,
            "graphTooltip": 1,  # one crosshair for all panels
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "timezone": "browser",
            "links": [
                {"type": "dashboards", "title": "ClearBG", "tags": [TAG], "keepTime": True}
                | {"asDropdown": False, "includeVars": True}
            ],
            "templating": {"list": [DATASOURCE, *PROCESSES, *self.variables]},
            "panels": panels,
        }
