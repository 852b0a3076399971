"""Usage reports as JSON and CSV."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from gateway.accounts.usage_report import Figures, Report


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as a JSON object; see docs/usage.md."""
    return {
        "from": time(report.period.start_s),
        "to": time(report.period.end_s),
        "step": report.period.step,
        "total": _figures(report.total),
        "keys": [{"id": key.id, "name": key.name} | _figures(key.figures) for key in report.keys],
        "buckets": [
            {"at": time(at_s)} | _figures(figures) for at_s, figures in report.buckets.items()
        ],
    }


def as_csv(report: Report) -> str:
    """Return a report as CSV: a row for each minute or day with use, a column for each error.

    It has no texts of users: spreadsheets would execute those that begin with `=`.
    """
    slugs = list(report.total.errors)
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(
        ["at", "requests", "images", "megapixels", "latency_p50_s", "latency_p95_s", "errors"]
        + [f"errors {slug}" for slug in slugs]
    )
    for at_s, figures in report.buckets.items():
        rows.writerow(
            [
                time(at_s),
                figures.requests,
                figures.images,
                figures.megapixels,
                *(_rounded(figures.p50_s), _rounded(figures.p95_s)),
                figures.failed,
                *(figures.errors.get(slug, 0) for slug in slugs),
            ]
        )
    return out.getvalue()


def time(unix_s: float) -> str:
    """Return a time in ISO 8601."""
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "requests": figures.requests,
        "images": figures.images,
        "megapixels": figures.megapixels,
        "errors": figures.errors,
        "latency_s": {"p50": _rounded(figures.p50_s), "p95": _rounded(figures.p95_s)},
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
