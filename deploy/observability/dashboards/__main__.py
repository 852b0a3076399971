"""`make dashboards`: write the JSON that Grafana reads."""

import json
from pathlib import Path

from deploy.observability.dashboards.bulk import BULK
from deploy.observability.dashboards.model import MODEL
from deploy.observability.dashboards.overview import OVERVIEW

FOLDER = Path(__file__).parents[1] / "grafana"
DASHBOARDS = (OVERVIEW, MODEL, BULK)


def texts() -> dict[Path, str]:
    """Each dashboard's file, and what is in it."""
    return {
        FOLDER / f"{one.uid}.json": json.dumps(one.json(), indent=2) + "\n" for one in DASHBOARDS
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text)
