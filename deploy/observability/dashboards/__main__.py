"""`make dashboards`: write the JSON files that Grafana imports."""

import json
from pathlib import Path

from deploy.observability.dashboards.bulk import BULK
from deploy.observability.dashboards.model import MODEL
from deploy.observability.dashboards.overview import OVERVIEW

FOLDER = Path(__file__).parents[1] / "grafana"
DASHBOARDS = (OVERVIEW, MODEL, BULK)


def render() -> dict[Path, str]:
    """Return the path and the text of each dashboard's file."""
    return {
        FOLDER / f"{dashboard.uid}.json": json.dumps(dashboard.json(), indent=2) + "\n"
        for dashboard in DASHBOARDS
    }


if __name__ == "__main__":
    for path, text in render().items():
        path.write_text(text)
