"""A plan as a patch of the Kubernetes overlays: replicas, and the CPU and GPUs of each."""

from typing import Any

import yaml

from gateway.capacity.plan import CapacityPlan, Demand

GPU = "nvidia.com/gpu"
LEAST_REPLICAS = 2
"""One may fail, or move to another node, while the other one serves."""
HEADROOM = 2
"""How far autoscalers may go beyond the load that was planned."""

Object = dict[str, Any]


def overlay_patch(plan: CapacityPlan, demand: Demand) -> str:
    """Return the objects to merge into the overlay `cpu` or `gpu`, as YAML documents.

    Autoscalers own the replicas: the planned number is their minimum. Memory stays that of the
    manifests, since it depends on the settings' limits and not on the load.
    """
    model = {"cpu": str(plan.model_cores // plan.instances)} if plan.model_cores else {GPU: "1"}
    documents = [
        _resources("gateway", {"cpu": str(demand.cores)}),
        _replicas("autoscaling/v2", "HorizontalPodAutoscaler", "gateway", plan.replicas),
        _resources("triton", model),
        _replicas("keda.sh/v1alpha1", "ScaledObject", "triton", plan.instances),
    ]
    text: str = yaml.safe_dump_all(documents, sort_keys=False)
    return _comment(plan, demand) + text


def _resources(component: str, amounts: dict[str, str]) -> Object:
    """Return a Deployment's part with the amounts as requests and limits."""
    resources = {"requests": dict(amounts), "limits": dict(amounts)}
    containers = [{"name": component, "resources": resources}]
    spec = {"template": {"spec": {"containers": containers}}}
    return _object("apps/v1", "Deployment", component, spec)


def _replicas(api_version: str, kind: str, component: str, planned: int) -> Object:
    least = max(planned, LEAST_REPLICAS)
    limits = (least, HEADROOM * least)
    names = ("minReplicas", "maxReplicas")
    if kind == "ScaledObject":
        names = ("minReplicaCount", "maxReplicaCount")
    return _object(api_version, kind, component, dict(zip(names, limits, strict=True)))


def _object(api_version: str, kind: str, component: str, spec: Object) -> Object:
    metadata = {"name": f"clearbg-{component}"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _comment(plan: CapacityPlan, demand: Demand) -> str:
    first = plan.bottlenecks[0]
    return (
        f"# {demand.rps:g} images/s of {demand.megapixels:g} MP with a p95 of "
        f"{1000 * demand.p95_s:.0f} ms, by `clearbg capacity`.\n"
        f"# Expected p95: at most {1000 * plan.p95_s:.0f} ms. Bottleneck: {first.name}, at "
        f"{first.saturates_at:.1f} images/s.\n"
    )
