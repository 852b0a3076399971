"""A dashboard: panels in rows, and what the viewer may choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.observability.dashboards.panel import SOURCE, Panel

COLUMNS = 24
TAG = "clearbg"


@dataclass(frozen=True)
class Row:
    """Panels under a heading, from left to right, and on as many lines as they need."""

    title: str
    panels: Sequence[Panel]

    def json(self, first_id: int, y: int) -> list[dict[str, Any]]:
        """The heading and its panels, from row `y` of the grid on."""
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


def choice(name: str, series: str, label: str, title: str) -> dict[str, Any]:
    """A variable: the values that a label has in some series; several may be chosen, or all."""
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
    choice("job", "clearbg_build_info", "job", "Job"),
    choice("instance", 'clearbg_build_info{job=~"$job"}', "instance", "Instance"),
)


@dataclass(frozen=True)
class Dashboard:
    """A page.

    Args:
        uid: its name in URLs, and of its file.
        title: as it is shown.
        rows: from top to bottom.
        choices: variables beside the datasource, the job and the instance.
    """

    uid: str
    title: str
    rows: Sequence[Row]
    choices: Sequence[dict[str, Any]] = ()

    def json(self) -> dict[str, Any]:
        """The dashboard as Grafana provisions it."""
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
            "templating": {"list": [DATASOURCE, *PROCESSES, *self.choices]},
            "panels": panels,
        }
