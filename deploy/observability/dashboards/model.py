"""The model: its devices and durations, as the gateway and Triton measure them."""

from deploy.observability.dashboards.common_panels import images_at_the_model, images_by_device
from deploy.observability.dashboards.dashboard import Dashboard, Row, label_variable
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
    """Return the rate of one of Triton's counters, by server."""
    return f"sum by (instance) (rate({metric}{TRITON}[$__rate_interval]))"


def ms_per_request(duration: str) -> str:
    """Return the mean milliseconds per successful request of a cumulative duration."""
    return f"{rate(duration)} / {rate('nv_inference_request_success')} / 1000"


NOW = Row(
    "Now",
    [
        stat("Images", "sum(rate(clearbg_images_total{@}[5m]))", unit="ops", width=6),
        stat(
            "Processes without Triton",
            "sum(max by (job, instance) (clearbg_breaker_open{@}))",
            width=6,
            steps={0: GREEN, 1: RED},
        ),
        stat(
            "Fallback to the CPU",
            "sum(rate(clearbg_fallbacks_total{@}[5m]))"
            ' / sum(rate(clearbg_images_total{@,device!="none"}[5m]))',
            unit="percentunit",
            about="Share of the images in the last 5 minutes.",
            width=6,
            steps={0: GREEN, 0.01: RED},
        ),
        stat(
            "Images per batch",
            f"sum(rate(nv_inference_count{TRITON}[5m]))"
            f" / sum(rate(nv_inference_exec_count{TRITON}[5m]))",
            width=6,
        ),
    ],
)
GATEWAY = Row(
    "Measured by the gateway",
    [
        images_by_device(),
        Panel(
            "Triton in use",
            {"{{instance}} {{model}}": "clearbg_breaker_open{@}"},
            kind="state-timeline",
            texts={0: "yes", 1: "no"},
            steps={0: GREEN, 1: RED},
        ),
        Panel(
            "Fallbacks and probes",
            {
                "fallbacks to the CPU": per_second("clearbg_fallbacks_total"),
                "probes": per_second("clearbg_probes_total"),
            },
            unit="ops",
            about="Probes check whether a Triton that failed has recovered.",
        ),
        images_at_the_model("In the queue or the model. Bulk images wait for interactive ones."),
        quantiles(
            "Queue and inference",
            'clearbg_stage_seconds_bucket{@,stage=~"queue|infer"}',
            "stage",
            about="With Triton, `infer` includes the time in its queue.",
        ),
        Panel(
            "Time of an image",
            {
                "{{model}}": per_second("clearbg_model_seconds_total", "model")
                + " / "
                + per_second("clearbg_images_total", "model", 'device!="none"')
            },
            unit="s",
            about="Mean seconds of inference, by model: what an image of each costs.",
        ),
        heatmap("Inference", 'clearbg_stage_seconds_bucket{@,stage="infer"}'),
    ],
)
CACHE = Row(
    "Cache of masks",
    [
        Panel(
            "Lookups",
            {"{{outcome}}": per_second("clearbg_mask_lookups_total", "outcome")},
            unit="ops",
            about="Hits and joined requests need no inference of their own.",
        ),
        Panel(
            "Masks in memory",
            {"{{instance}}": "clearbg_mask_cache_bytes{@}"},
            unit="bytes",
        ),
        Panel(
            "Evictions and failures",
            {
                "masks dropped to make room": per_second("clearbg_mask_cache_evictions_total"),
                "failed calls to the shared store": per_second("clearbg_mask_store_failures_total"),
            },
            unit="ops",
            about="Many evictions: a larger CLEARBG_MASK_CACHE_MB would save inferences.",
        ),
    ],
)
SERVER = Row(
    "Measured by Triton",
    [
        Panel(
            "Images per batch",
            {"{{instance}}": f"{rate('nv_inference_count')} / {rate('nv_inference_exec_count')}"},
            about="Mean batch size of the dynamic batcher.",
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
            "Pending requests",
            {"{{instance}}": f"sum by (instance) (nv_inference_pending_request_count{TRITON})"},
        ),
        Panel(
            "Time in Triton's queue",
            {"{{instance}}": ms_per_request("nv_inference_queue_duration_us")},
            unit="ms",
            about="Mean per successful request.",
        ),
        Panel(
            "Compute time",
            {
                "{{instance}} input": ms_per_request("nv_inference_compute_input_duration_us"),
                "{{instance}} infer": ms_per_request("nv_inference_compute_infer_duration_us"),
                "{{instance}} output": ms_per_request("nv_inference_compute_output_duration_us"),
            },
            unit="ms",
            about="Mean per successful request: each one counts the time of its whole batch.",
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
            about="Rejections because of a full queue are not included: see the overview.",
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
            max_value=1,
        ),
        Panel(
            "GPU",
            {"{{instance}} {{gpu_uuid}}": 'nv_gpu_utilization{instance=~"$triton"}'},
            unit="percentunit",
            about="Empty without a GPU.",
            max_value=1,
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
            max_value=1,
        ),
    ],
)

MODEL = Dashboard(
    "clearbg-model",
    "ClearBG: model",
    [NOW, GATEWAY, CACHE, SERVER, MACHINE],
    [label_variable("triton", "nv_inference_count", "instance", "Triton")],
)
