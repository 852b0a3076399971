"""Bulk jobs: whether they begin, whether they end well, and whether anybody hears of it."""

from deploy.observability.dashboards.dashboard import Dashboard, Row
from deploy.observability.dashboards.panel import (
    GREEN,
    RED,
    YELLOW,
    Panel,
    per_second,
    quantiles,
    stat,
)

ROUTES = 'route=~".*(/v1/bulk|BulkJob|BulkResult).*"'

NOW = Row(
    "Now",
    [
        # All who do bulk jobs look at the same queue: the greatest, not the sum.
        stat("Jobs that wait", "max(clearbg_bulk_jobs_waiting{@})", width=6),
        stat(
            "The oldest of them",
            "max(clearbg_bulk_oldest_waiting_seconds{@})",
            unit="s",
            width=6,
            steps={0: GREEN, 300: YELLOW, 900: RED},
        ),
        stat(
            "Images done",
            'sum(rate(clearbg_bulk_images_total{@,status="succeeded"}[5m]))',
            unit="ops",
            width=6,
        ),
        stat(
            "Webhooks not taken, 1 h",
            'sum(increase(clearbg_webhook_attempts_total{@,outcome="refused"}[1h]))',
            width=6,
        ),
    ],
)
JOBS = Row(
    "Jobs",
    [
        Panel("Jobs that wait", {"waiting": "max(clearbg_bulk_jobs_waiting{@})"}),
        Panel(
            "Age of the oldest that waits",
            {"oldest": "max(clearbg_bulk_oldest_waiting_seconds{@})"},
            unit="s",
            steps={0: GREEN, 900: RED},
        ),
        Panel(
            "Jobs that ended",
            {"{{status}}": per_second("clearbg_bulk_jobs_total", "status") + " * 60"},
            unit="opm",
            stacked=True,
        ),
        Panel(
            "Images that ended",
            {"{{status}}": per_second("clearbg_bulk_images_total", "status")},
            unit="ops",
            stacked=True,
        ),
        Panel(
            "Images by process",
            {"{{instance}}": per_second("clearbg_bulk_images_total", "instance")},
            unit="ops",
            stacked=True,
        ),
        Panel(
            "Images at the model",
            {"{{instance}} {{priority}}": "clearbg_model_images{@}"},
            about="Bulk images wait until no interactive one is there.",
        ),
        Panel(
            "Retries",
            {"{{instance}}": per_second("clearbg_bulk_retries_total", "instance")},
            unit="ops",
            about="Times that an image waited, since the service was busy.",
        ),
        Panel(
            "Free disk",
            {"{{instance}}": "clearbg_disk_free_bytes{@} / clearbg_disk_size_bytes{@}"},
            unit="percentunit",
            about="Images and results lie there, unless they are in S3.",
            most=1,
            steps={0: RED, 0.05: YELLOW, 0.15: GREEN},
        ),
    ],
)
WEBHOOKS = Row(
    "Webhooks",
    [
        Panel(
            "Attempts",
            {"{{outcome}}": per_second("clearbg_webhook_attempts_total", "outcome") + " * 60"},
            unit="opm",
            width=12,
            stacked=True,
        ),
        Panel(
            "Not taken",
            {
                "share": per_second("clearbg_webhook_attempts_total", where='outcome="refused"')
                + " / "
                + per_second("clearbg_webhook_attempts_total")
            },
            unit="percentunit",
            width=12,
            most=1,
            steps={0: GREEN, 0.5: RED},
        ),
    ],
)
REQUESTS = Row(
    "Requests for bulk jobs",
    [
        Panel(
            "Requests",
            {"{{route}} {{status}}": per_second("clearbg_requests_total", "route, status", ROUTES)},
            unit="reqps",
            width=12,
        ),
        quantiles(
            "Duration",
            f"clearbg_request_seconds_bucket{{@,{ROUTES}}}",
            "route",
            about="Of uploads it is the caller's line; progress events last as long as the job.",
            width=12,
        ),
    ],
)

BULK = Dashboard("clearbg-bulk", "ClearBG: bulk jobs", [NOW, JOBS, WEBHOOKS, REQUESTS])
