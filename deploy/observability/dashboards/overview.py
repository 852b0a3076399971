"""Is it well? Requests, errors and durations, what is full, and the processes."""

from deploy.observability.dashboards.dashboard import Dashboard, Row, choice
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

FAILED = 'status=~"5..|INTERNAL|UNAVAILABLE|DEADLINE_EXCEEDED|UNKNOWN"'
"""As in rules/recordings.yml."""
CUTOUTS = (
    'route=~"POST /v1(.0)?/removebg|'
    '/clearbg.v1.BackgroundRemovalService/(RemoveBackground|SegmentTensor)"'
)
REFUSED_CALLERS = 'slug=~"invalid-key|rate-limited|limits-unavailable|accounts-unavailable"'

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
            about="Of all gateways; the promise is 0.1 %.",
            steps={0: GREEN, 0.001: YELLOW, 0.0144: RED},
        ),
        stat(
            "Slow, 1 h",
            "clearbg:cutouts_slow:ratio1h",
            unit="percentunit",
            about="Single images over 2.5 s, of all gateways; the promise is 5 %.",
            steps={0: GREEN, 0.05: YELLOW, 0.72: RED},
        ),
        stat(
            "On the CPU instead of Triton",
            "sum(clearbg_breaker_open{@})",
            about="Processes that do not reach Triton.",
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
            about="Errors of ours, overload included; 429 and what callers have to mend are not.",
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
            about="Images of a stream count one by one.",
        ),
        Panel(
            "Requests in flight",
            {"{{transport}}": "sum by (transport) (clearbg_requests_in_flight{@})"},
            stacked=True,
        ),
        Panel(
            "Images by device",
            {"{{device}}": per_second("clearbg_images_total", "device")},
            unit="ops",
            stacked=True,
        ),
    ],
)
STAGES = Row(
    "Stages of an image",
    [
        quantiles("Stages", 'clearbg_stage_seconds_bucket{@,stage=~"$stage"}', "stage", width=12),
        heatmap(
            "Spread of the chosen stages",
            'clearbg_stage_seconds_bucket{@,stage=~"$stage"}',
            width=12,
        ),
    ],
)
ADMISSION = Row(
    "Admission: what is full",
    [
        Panel(
            "Refusals",
            {"{{by}}": per_second("clearbg_refusals_total", "by")},
            unit="reqps",
            about="By what was full; a caller's own rate limit is one of them.",
        ),
        Panel(
            "Megapixels in flight",
            {"{{instance}}": "clearbg_pixels_in_flight{@} / 1e6"},
            about="Refused beyond CLEARBG_MAX_MEGAPIXELS_IN_FLIGHT (200).",
        ),
        Panel(
            "Uploads and answers in memory",
            {"{{instance}}": "clearbg_upload_bytes_in_flight{@}"},
            unit="bytes",
            about="Refused beyond CLEARBG_MAX_UPLOAD_BYTES_IN_FLIGHT (1 GiB).",
        ),
        Panel(
            "Images at the model",
            {"{{instance}} {{priority}}": "clearbg_model_images{@}"},
            about="Waiting or in it; refused beyond CLEARBG_MAX_QUEUE (64).",
            steps={0: GREEN, 16: YELLOW},
        ),
    ],
)
KEYS = Row(
    "Keys and limits",
    [
        Panel(
            "Refused callers",
            {"{{slug}}": per_second("clearbg_errors_total", "slug", REFUSED_CALLERS)},
            unit="reqps",
            about="Wrong keys, used-up limits, and stores of keys and limits that do not answer.",
            width=12,
        ),
        Panel(
            "Limits that nobody counted",
            {"{{instance}}": per_second("clearbg_rate_limit_failures_total", "instance")},
            unit="ops",
            about="Questions that the store of the rate limits did not answer.",
            width=12,
        ),
    ],
)
PROCESSES = Row(
    "Processes",
    [
        Panel(
            "Builds",
            {"": "sum by (job, instance, version) (clearbg_build_info{@})"},
            kind="table",
        ),
        Panel(
            "Ready",
            {"{{job}} {{instance}}": "clearbg_ready{@}"},
            kind="state-timeline",
            texts={0: "not ready", 1: "ready"},
            steps={0: RED, 1: GREEN},
        ),
        Panel(
            "Free disk",
            {"{{instance}}": "clearbg_disk_free_bytes{@} / clearbg_disk_size_bytes{@}"},
            unit="percentunit",
            most=1,
            steps={0: RED, 0.05: YELLOW, 0.15: GREEN},
        ),
        Panel("Memory", {"{{instance}}": "process_resident_memory_bytes{@}"}, unit="bytes"),
        Panel(
            "CPU",
            {"{{instance}}": "rate(process_cpu_seconds_total{@}[$__rate_interval])"},
            about="In cores.",
        ),
        Panel(
            "Open files",
            {"{{instance}}": "process_open_fds{@} / process_max_fds{@}"},
            unit="percentunit",
            most=1,
        ),
    ],
)

OVERVIEW = Dashboard(
    "clearbg-overview",
    "ClearBG: overview",
    [NOW, REQUESTS, STAGES, ADMISSION, KEYS, PROCESSES],
    [choice("stage", "clearbg_stage_seconds_count", "stage", "Stage")],
)
