"""Which parts of the overlay `cpu` are values of the chart."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Value:
    """One value: its default is what the overlay has.

    Attributes:
        name: in values.yaml, with dots between the levels.
        objects: kinds and names of the objects that use it.
        path: of the field in each of them; numbers are places in lists.
        comment: what it is, for values.yaml.
    """

    name: str
    objects: tuple[str, ...]
    path: tuple[str | int, ...]
    comment: str


POD = ("spec", "template", "spec")
CONTAINER = (*POD, "containers", 0)
GATEWAY, WORKER = "Deployment/clearbg-gateway", "StatefulSet/clearbg-worker"
TRITON, MIGRATION = "Deployment/clearbg-triton", "Job/clearbg-migrate-0-1-0"
ROUTES = ("HTTPRoute/clearbg-http", "GRPCRoute/clearbg-grpc")

OPTIONAL = {
    "image-urls": 'eq (get .Values.settings "CLEARBG_IMAGE_URLS") "on"',
    "tracing": 'get .Values.settings "CLEARBG_OTLP_URL"',
}
"""Components whose NetworkPolicy the chart has where a setting needs it: the condition of each."""

VALUES = (
    Value(
        "image",
        (GATEWAY, WORKER, MIGRATION),
        (*CONTAINER, "image"),
        "Image of gateways, workers and the migration.",
    ),
    Value("triton.image", (TRITON,), (*CONTAINER, "image"), "Image of Triton."),
    Value(
        "settings",
        ("ConfigMap/clearbg-settings",),
        ("data",),
        "Settings of gateways and workers, as in docs/settings.md; all are text.",
    ),
    Value(
        "gateway.resources",
        (GATEWAY,),
        (*CONTAINER, "resources"),
        "`clearbg capacity` calculates the cores.",
    ),
    Value(
        "gateway.minReplicas",
        ("HorizontalPodAutoscaler/clearbg-gateway",),
        ("spec", "minReplicas"),
        "Gateways at least.",
    ),
    Value(
        "gateway.maxReplicas",
        ("HorizontalPodAutoscaler/clearbg-gateway",),
        ("spec", "maxReplicas"),
        "Gateways at most.",
    ),
    Value("worker.resources", (WORKER,), (*CONTAINER, "resources"), "Of a worker of bulk jobs."),
    Value(
        "worker.minReplicas",
        ("ScaledObject/clearbg-worker",),
        ("spec", "minReplicaCount"),
        "Workers at least.",
    ),
    Value(
        "worker.maxReplicas",
        ("ScaledObject/clearbg-worker",),
        ("spec", "maxReplicaCount"),
        "Workers at most.",
    ),
    Value(
        "triton.resources",
        (TRITON,),
        (*CONTAINER, "resources"),
        "Of a model instance on a CPU.",
    ),
    Value(
        "triton.minReplicas",
        ("ScaledObject/clearbg-triton",),
        ("spec", "minReplicaCount"),
        "Model instances at least.",
    ),
    Value(
        "triton.maxReplicas",
        ("ScaledObject/clearbg-triton",),
        ("spec", "maxReplicaCount"),
        "Model instances at most.",
    ),
    Value(
        "routes.http.hostnames",
        ROUTES[:1],
        ("spec", "hostnames"),
        "Host names of the HTTP API and the dashboard.",
    ),
    Value(
        "routes.grpc.hostnames",
        ROUTES[1:],
        ("spec", "hostnames"),
        "Host names of the gRPC API; others than those of HTTP.",
    ),
    Value(
        "routes.parentRefs",
        ROUTES,
        ("spec", "parentRefs"),
        "The Gateway that the routes belong to.",
    ),
)
