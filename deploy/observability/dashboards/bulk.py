"""Bulk jobs: their queue, their outcomes, and the delivery of webhooks."""

from deploy.observability.dashboards.common_panels import free_disk, images_at_the_model
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
        # All workers report the same queue: the maximum, not the sum.
        stat("Waiting jobs", "max(clearbg_bulk_jobs_waiting{@})", width=6),
        stat(
            "Age of the oldest waiting job",
            "max(clearbg_bulk_oldest_waiting_seconds{@})",
            unit="s",
            width=6,
            steps={0: GREEN, 300: YELLOW, 900: RED},
        ),
        stat(
            "Images cut out",
            'sum(rate(clearbg_bulk_images_total{@,status="succeeded"}[5m]))',
            unit="ops",
            width=6,
        ),
        stat(
            "Failed webhook attempts, 1 h",
            'sum(increase(clearbg_webhook_attempts_total{@,outcome="refused"}[1h]))',
            width=6,
        ),
    ],
)
JOBS = Row(
    "Jobs",
    [
        Panel("Waiting jobs", {"waiting": "max(clearbg_bulk_jobs_waiting{@})"}),
        Panel(
            "Age of the oldest waiting job",
            {"oldest": "max(clearbg_bulk_oldest_waiting_seconds{@})"},
            unit="s",
            steps={0: GREEN, 900: RED},
        ),
        Panel(
            "Ended jobs",
            {"{{status}}": per_second("clearbg_bulk_jobs_total", "status") + " * 60"},
            unit="opm",
            stacked=True,
        ),
        Panel(
            "Ended images",
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
        images_at_the_model("Bulk images wait while there are interactive ones."),
        Panel(
            "Retries",
            {"{{instance}}": per_second("clearbg_bulk_retries_total", "instance")},
            unit="ops",
            about="How often an image had to wait because the service was busy.",
        ),
        free_disk("It holds the images and results, unless they are in S3."),
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
            "Failed attempts",
            {
                "share": per_second("clearbg_webhook_attempts_total", where='outcome="refused"')
                + " / "
                + per_second("clearbg_webhook_attempts_total")
            },
            unit="percentunit",
            width=12,
            max_value=1,
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
            about="Uploads depend on the caller's bandwidth; event streams end with the job.",
            width=12,
        ),
    ],
)

BULK = Dashboard("clearbg-bulk", "ClearBG: bulk jobs", [NOW, JOBS, WEBHOOKS, REQUESTS])
