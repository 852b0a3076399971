"""What the model does: on which device, how long it takes, and Triton's own view of it."""

from deploy.observability.dashboards.dashboard import Dashboard, Row, choice
from deploy.observability.dashboards.panel import (
    GREEN,
    RED,
    Panel,
    heatmap,
    per_second,
    quantiles,
    stat,
)

TRITON = '{instance=~"$triton",model="isnet"}'


def rate(metric: str) -> str:
    """A counter of Triton's, by server."""
    return f"sum by (instance) (rate({metric}{TRITON}[$__rate_interval]))"


def ms_each(duration: str) -> str:
    """Milliseconds of a cumulative duration, for each request that was answered."""
    return f"{rate(duration)} / {rate('nv_inference_request_success')} / 1000"


NOW = Row(
    "Now",
    [
        stat("Images", "sum(rate(clearbg_images_total{@}[5m]))", unit="ops", width=6),
        stat(
            "Not reaching Triton",
            "sum(clearbg_breaker_open{@})",
            width=6,
            steps={0: GREEN, 1: RED},
        ),
        stat(
            "On the CPU instead",
            "sum(rate(clearbg_fallbacks_total{@}[5m])) / sum(rate(clearbg_images_total{@}[5m]))",
            unit="percentunit",
            about="Of the images in the last 5 minutes.",
            width=6,
            steps={0: GREEN, 0.01: RED},
        ),
        stat(
            "Images a batch",
            f"sum(rate(nv_inference_count{TRITON}[5m]))"
            f" / sum(rate(nv_inference_exec_count{TRITON}[5m]))",
            width=6,
        ),
    ],
)
GATEWAY = Row(
    "As the gateway sees it",
    [
        Panel(
            "Images by device",
            {"{{device}}": per_second("clearbg_images_total", "device")},
            unit="ops",
            stacked=True,
        ),
        Panel(
            "Triton is asked",
            {"{{instance}}": "clearbg_breaker_open{@}"},
            kind="state-timeline",
            texts={0: "yes", 1: "no"},
            steps={0: GREEN, 1: RED},
        ),
        Panel(
            "Fallbacks and probes",
            {
                "given to the CPU": per_second("clearbg_fallbacks_total"),
                "probes": per_second("clearbg_probes_total"),
            },
            unit="ops",
            about="Probes ask a Triton that failed whether it is back.",
        ),
        Panel(
            "Images at the model",
            {"{{instance}} {{priority}}": "clearbg_model_images{@}"},
            about="Waiting or in it. Bulk images wait for interactive ones.",
        ),
        quantiles(
            "Waiting and inferring",
            'clearbg_stage_seconds_bucket{@,stage=~"queue|infer"}',
            "stage",
            about="Of an image through Triton, `infer` holds the waiting too.",
        ),
        heatmap("Inferring", 'clearbg_stage_seconds_bucket{@,stage="infer"}'),
    ],
)
SERVER = Row(
    "As Triton sees it",
    [
        Panel(
            "Images a batch",
            {"{{instance}}": f"{rate('nv_inference_count')} / {rate('nv_inference_exec_count')}"},
            about="The dynamic batcher at work; on a CPU it is 1 by configuration.",
        ),
        Panel(
            "Inferences and executions",
            {
                "{{instance}} images": rate("nv_inference_count"),
                "{{instance}} executions": rate("nv_inference_exec_count"),
            },
            unit="ops",
        ),
        Panel(
            "Waiting for execution",
            {"{{instance}}": f"sum by (instance) (nv_inference_pending_request_count{TRITON})"},
        ),
        Panel(
            "Time in Triton's queue",
            {"{{instance}}": ms_each("nv_inference_queue_duration_us")},
            unit="ms",
            about="Mean of an answered request.",
        ),
        Panel(
            "Time to compute",
            {
                "{{instance}} input": ms_each("nv_inference_compute_input_duration_us"),
                "{{instance}} infer": ms_each("nv_inference_compute_infer_duration_us"),
                "{{instance}} output": ms_each("nv_inference_compute_output_duration_us"),
            },
            unit="ms",
            about="Mean of an answered request; of a batch each request counts all of it.",
        ),
        Panel(
            "Failures",
            {
                "{{instance}} {{reason}}": (
                    "sum by (instance, reason) "
                    f"(rate(nv_inference_request_failure{TRITON}[$__rate_interval]))"
                )
            },
            unit="ops",
            about="A full queue is in none of them: see the refusals in the overview.",
        ),
    ],
)
MACHINE = Row(
    "Triton's machine",
    [
        Panel(
            "CPU",
            {"{{instance}}": 'nv_cpu_utilization{instance=~"$triton"}'},
            unit="percentunit",
            most=1,
        ),
        Panel(
            "GPU",
            {"{{instance}} {{gpu_uuid}}": 'nv_gpu_utilization{instance=~"$triton"}'},
            unit="percentunit",
            about="Empty without a GPU.",
            most=1,
        ),
        Panel(
            "GPU memory",
            {
                "{{instance}} {{gpu_uuid}}": (
                    'nv_gpu_memory_used_bytes{instance=~"$triton"}'
                    ' / nv_gpu_memory_total_bytes{instance=~"$triton"}'
                )
            },
            unit="percentunit",
            about="Empty without a GPU.",
            most=1,
        ),
    ],
)

MODEL = Dashboard(
    "clearbg-model",
    "ClearBG: model",
    [NOW, GATEWAY, SERVER, MACHINE],
    [choice("triton", "nv_inference_count", "instance", "Triton")],
)
