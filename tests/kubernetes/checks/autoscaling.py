"""Checks of replicas: autoscalers and disruption budgets."""

from collections.abc import Iterator

from tests.kubernetes.objects import WORKLOADS, Object, label, named, of_kind, pods, selects

AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def autoscalers_have_targets(objects: list[Object]) -> Iterator[str]:
    targets = [_target(scaler) for scaler in of_kind(objects, *AUTOSCALERS)]
    for scaler, (kind, name) in zip(of_kind(objects, *AUTOSCALERS), targets, strict=True):
        if named(objects, kind, name) is None:
            yield f"{label(scaler)}: there is no {kind}/{name}"
        if targets.count((kind, name)) > 1:
            yield f"{label(scaler)}: {kind}/{name} has two autoscalers"
        if _limits(scaler)[0] > _limits(scaler)[1]:
            yield f"{label(scaler)}: the minimum exceeds the maximum"


def replicas_have_one_owner(objects: list[Object]) -> Iterator[str]:
    """A manifest with `replicas` resets what an autoscaler has decided."""
    targets = {_target(scaler) for scaler in of_kind(objects, *AUTOSCALERS)}
    for workload in of_kind(objects, *WORKLOADS):
        if _key(workload) in targets and "replicas" in workload["spec"]:
            yield f"{label(workload)}: has replicas, and an autoscaler"
        if _key(workload) not in targets and "replicas" not in workload["spec"]:
            yield f"{label(workload)}: nothing says how many replicas"


def keda_metadata_are_strings(objects: list[Object]) -> Iterator[str]:
    for scaler in of_kind(objects, "ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            for key, value in trigger["metadata"].items():
                if not isinstance(value, str):
                    yield f"{label(scaler)}: {key} is {value!r}, not a string"


def keda_triggers_are_complete(objects: list[Object]) -> Iterator[str]:
    """See https://keda.sh/docs/latest/scalers/prometheus/#trigger-specification."""
    for scaler in of_kind(objects, "ScaledObject"):
        for trigger in scaler["spec"]["triggers"]:
            if trigger["type"] == "prometheus":
                for key in {"serverAddress", "query", "threshold"} - trigger["metadata"].keys():
                    yield f"{label(scaler)}: a trigger has no {key}"
        if "fallback" not in scaler["spec"]:
            yield f"{label(scaler)}: nothing says what happens without Prometheus"


def budgets_select_pods(objects: list[Object]) -> Iterator[str]:
    for budget in of_kind(objects, "PodDisruptionBudget"):
        spec = budget["spec"]
        if len({"minAvailable", "maxUnavailable"} & spec.keys()) != 1:
            yield f"{label(budget)}: needs one of minAvailable and maxUnavailable"
        selector = spec.get("selector") or None
        if not any(pod.runs_on and selects(selector, pod.labels) for pod in pods(objects)):
            yield f"{label(budget)}: selects no pods"


def budgets_let_nodes_be_drained(objects: list[Object]) -> Iterator[str]:
    for budget in of_kind(objects, "PodDisruptionBudget"):
        spec = budget["spec"]
        if spec.get("maxUnavailable") in (0, "0%") or spec.get("minAvailable") == "100%":
            yield f"{label(budget)}: allows no eviction"
        for workload in of_kind(objects, *WORKLOADS):
            if selects(spec.get("selector"), workload["spec"]["template"]["metadata"]["labels"]):
                available = spec.get("minAvailable", 0)
                if isinstance(available, int) and available >= _least_replicas(workload, objects):
                    yield f"{label(budget)}: with the fewest replicas, allows no eviction"


def replicated_workloads_have_budgets(objects: list[Object]) -> Iterator[str]:
    budgets = of_kind(objects, "PodDisruptionBudget")
    for pod in pods(objects):
        if pod.runs_on and _most_replicas(pod.owner, objects) > 1:
            count = sum(selects(b["spec"].get("selector"), pod.labels) for b in budgets)
            if count != 1:
                yield f"{pod.name}: has {count} disruption budgets"


def _key(workload: Object) -> tuple[str, str]:
    return workload["kind"], workload["metadata"]["name"]


def _target(scaler: Object) -> tuple[str, str]:
    target = scaler["spec"]["scaleTargetRef"]
    return target.get("kind", "Deployment"), target["name"]


def _limits(scaler: Object) -> tuple[int, int]:
    spec = scaler["spec"]
    if scaler["kind"] == "ScaledObject":
        return spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", 100)
    return spec.get("minReplicas", 1), spec["maxReplicas"]


def _replicas(workload: Object, objects: list[Object]) -> tuple[int, int]:
    for scaler in of_kind(objects, *AUTOSCALERS):
        if _target(scaler) == _key(workload):
            return _limits(scaler)
    return (workload["spec"].get("replicas", 1),) * 2


def _least_replicas(workload: Object, objects: list[Object]) -> int:
    return _replicas(workload, objects)[0]


def _most_replicas(workload: Object, objects: list[Object]) -> int:
    return _replicas(workload, objects)[1]
