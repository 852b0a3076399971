"""The state of the service: requests, errors, durations, limits, and processes."""

from deploy.observability.dashboards.common_panels import (
    images_at_the_model,
    images_by_device,
)
from deploy.observability.dashboards.dashboard import Dashboard, Row, label_variable
from deploy.observability.dashboards.panel import (
    GREEN,
    RED,
    YELLOW,
    Panel,
    heatmap,
    per_second,
    quantiles,
    stat,
)
from deploy.observability.dashboards.processes import PROCESSES

FAILED = 'status=~"5..|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED|UNKNOWN"'
"""Must equal the matcher in rules/recordings.yml."""
CUTOUTS = (
    'route=~"POST /v1(.0)?/removebg|'
    '/clearbg.v1.BackgroundRemovalService/(RemoveBackground|SegmentTensor)"'
)
REJECTED_CALLERS = 'slug=~"invalid-key|rate-limited|limits-unavailable|accounts-unavailable"'

NOW = Row(
    "Now",
    [
        stat("Not ready", "sum(1 - clearbg_ready{@})", steps={0: GREEN, 1: RED}),
        stat(
            "Alerts",
            'count(ALERTS{alertname=~"Clearbg.+",alertstate="firing"}) or vector(0)',
            steps={0: GREEN, 1: RED},
        ),
        stat("Requests", "sum(rate(clearbg_requests_total{@}[5m]))", unit="reqps"),
        stat(
            "Failed, 1 h",
            "clearbg:requests_failed:ratio1h",
            unit="percentunit",
            about="Of all gateways; the objective is 0.1 %.",
            steps={0: GREEN, 0.001: YELLOW, 0.0144: RED},
        ),
        stat(
            "Slow, 1 h",
            "clearbg:cutouts_slow:ratio1h",
            unit="percentunit",
            about="Single images that take over 2.5 s, of all gateways; the objective is 5 %.",
            steps={0: GREEN, 0.05: YELLOW, 0.72: RED},
        ),
        stat(
            "Fallback to the CPU",
            "sum(max by (job, instance) (clearbg_breaker_open{@}))",
            about="Processes that cannot reach Triton.",
            steps={0: GREEN, 1: RED},
        ),
    ],
)
REQUESTS = Row(
    "Requests",
    [
        Panel(
            "Requests by route",
            {"{{transport}} {{route}}": per_second("clearbg_requests_total", "transport, route")},
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Requests by status",
            {"{{transport}} {{status}}": per_second("clearbg_requests_total", "transport, status")},
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Failed requests by route",
            {
                "{{transport}} {{route}}": per_second(
                    "clearbg_requests_total", "transport, route", FAILED
                )
                + " / "
                + per_second("clearbg_requests_total", "transport, route")
            },
            unit="percentunit",
            about="Errors of the service, including overload; not 429, nor errors of callers.",
            steps={0: GREEN, 0.001: RED},
        ),
        quantiles("Duration by route", "clearbg_request_seconds_bucket{@}", "route", width=12),
        heatmap(
            "Duration of single images", f"clearbg_request_seconds_bucket{{@,{CUTOUTS}}}", width=12
        ),
        Panel(
            "Errors by kind",
            {"{{slug}}": per_second("clearbg_errors_total", "slug")},
            unit="reqps",
            about="Each image of a stream counts.",
        ),
        Panel(
            "Requests in flight",
            {"{{transport}}": "sum by (transport) (clearbg_requests_in_flight{@})"},
            stacked=True,
        ),
        images_by_device(),
    ],
)
STAGES = Row(
    "Stages of an image",
    [
        quantiles("Stages", 'clearbg_stage_seconds_bucket{@,stage=~"$stage"}', "stage", width=12),
        heatmap(
            "Distribution of the selected stages",
            'clearbg_stage_seconds_bucket{@,stage=~"$stage"}',
            width=12,
        ),
    ],
)
ADMISSION = Row(
    "Admission",
    [
        Panel(
            "Rejections",
            {"{{by}}": per_second("clearbg_refusals_total", "by")},
            unit="reqps",
            about="By the exhausted resource; a caller's own rate limit is one of them.",
        ),
        Panel(
            "Megapixels in flight",
            {"{{instance}}": "clearbg_pixels_in_flight{@} / 1e6"},
            about="Limit: CLEARBG_MAX_MEGAPIXELS_IN_FLIGHT (200).",
        ),
        Panel(
            "Uploads and answers in memory",
            {"{{instance}}": "clearbg_upload_bytes_in_flight{@}"},
            unit="bytes",
            about="Limit: CLEARBG_MAX_UPLOAD_BYTES_IN_FLIGHT (1 GiB).",
        ),
        images_at_the_model(
            "In the queue or the model; limit: CLEARBG_MAX_QUEUE (64).", {0: GREEN, 16: YELLOW}
        ),
    ],
)
KEYS = Row(
    "Keys and limits",
    [
        Panel(
            "Rejected callers",
            {"{{slug}}": per_second("clearbg_errors_total", "slug", REJECTED_CALLERS)},
            unit="reqps",
            about="Wrong keys, exhausted limits, and unavailable stores of keys and limits.",
            width=12,
        ),
        Panel(
            "Rate limit failures",
            {"{{instance}}": per_second("clearbg_rate_limit_failures_total", "instance")},
            unit="ops",
            about="Queries that the store of the rate limits did not answer.",
            width=12,
        ),
    ],
)
OVERVIEW = Dashboard(
    "clearbg-overview",
    "ClearBG: overview",
    [NOW, REQUESTS, STAGES, ADMISSION, KEYS, PROCESSES],
    [label_variable("stage", "clearbg_stage_seconds_count", "stage", "Stage")],
)
