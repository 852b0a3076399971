"""The row about the processes themselves: builds, readiness, disk, memory and CPU."""

from deploy.observability.dashboards.common_panels import free_disk
from deploy.observability.dashboards.dashboard import Row
from deploy.observability.dashboards.panel import GREEN, RED, Panel

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
        free_disk(),
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
            max_value=1,
        ),
    ],
)
