"""Wrong edits of scaling, monitoring, settings and schemas."""

from tests.kubernetes.mutations import Manifests, Mutation, change, drop, gateway, pod, spec

HTTP = spec("HTTPRoute", "http")
HPA = spec("HorizontalPodAutoscaler", "gateway")
KEDA = spec("ScaledObject", "triton")
BUDGET = spec("PodDisruptionBudget", "triton")


def _forget_config_map(manifests: Manifests) -> None:
    found = manifests.all("ConfigMap")
    manifests.objects.remove(next(m for m in found if "settings" in m["metadata"]["name"]))


def _forget_budget(manifests: Manifests) -> None:
    manifests.objects.remove(manifests.all("PodDisruptionBudget")[0])


def _change_dashboard(manifests: Manifests) -> None:
    manifests.settings()["overview.json"] = "{}"


AUTOSCALING = [
    Mutation("no budget", "replicated_workloads_have_budgets", _forget_budget),
    Mutation(
        "replicas beside an autoscaler",
        "replicas_have_one_owner",
        change(spec("Deployment", "gateway"), "replicas", to=3),
    ),
    Mutation(
        "an autoscaler of nothing",
        "autoscalers_have_targets",
        change(HPA, "scaleTargetRef", "name", to="gateway"),
    ),
    Mutation(
        "a minimum above the maximum",
        "autoscalers_have_targets",
        change(KEDA, "minReplicaCount", to=1000),
    ),
    Mutation(
        "a number in KEDA's metadata",
        "keda_metadata_are_strings",
        change(KEDA, "triggers", 0, "metadata", "threshold", to=1),
    ),
    Mutation(
        "a trigger without its query",
        "keda_triggers_are_complete",
        drop(KEDA, "triggers", 0, "metadata", "query"),
    ),
    Mutation(
        "a budget with both numbers", "budgets_select_pods", change(BUDGET, "minAvailable", to=1)
    ),
    Mutation("a budget without a selector", "budgets_select_pods", drop(BUDGET, "selector")),
    Mutation(
        "a budget that blocks every drain",
        "budgets_let_nodes_be_drained",
        change(BUDGET, "maxUnavailable", to=0),
    ),
]

QUERIES = [
    Mutation("another dashboard", "dashboards_are_those_that_are_tested", _change_dashboard),
    Mutation(
        "a query that is not PromQL",
        "queries_are_promql",
        change(KEDA, "triggers", 0, "metadata", "query", to="sum(rate(a[5m])"),
    ),
    Mutation(
        "a query of an unknown metric",
        "queries_read_known_metrics",
        change(KEDA, "triggers", 0, "metadata", "query", to="sum(clearbg_waiting)"),
    ),
    Mutation(
        "a threshold that differs from the tested alerts",
        "rules_are_those_that_are_tested",
        lambda m: m.all("PrometheusRule")[0]["spec"]["groups"][0].update(interval="7s"),
    ),
    Mutation(
        "a monitor of an unknown port",
        "monitors_scrape_existing_ports",
        lambda m: m.all("PodMonitor")[0]["spec"]["podMetricsEndpoints"][0].update(port="http2"),
    ),
]

SETTINGS = [
    Mutation(
        "an unknown setting",
        "settings_exist",
        lambda m: m.settings().update(CLEARBG_SHUTDOWN_S="30"),
    ),
    Mutation(
        "a value out of range",
        "settings_are_valid",
        lambda m: m.settings().update(CLEARBG_LOG_FORMAT="yaml"),
    ),
    Mutation("no ConfigMap", "config_maps_exist", _forget_config_map),
    Mutation(
        "a key that the ConfigMap lacks",
        "config_maps_exist",
        change(
            gateway,
            "env",
            to=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "clearbg", "key": "a"}}}],
        ),
    ),
]

SCHEMAS = [
    Mutation(
        "a misspelt field of a pod",
        "objects_fit_their_schemas",
        change(pod("gateway"), "terminationGraceSeconds", to=60),
    ),
    Mutation(
        "a misspelt field of a route",
        "custom_resources_fit_their_schemas",
        change(HTTP, "rules", 0, "timeout", to={}),
    ),
    Mutation(
        "a duration that the Gateway API rejects",
        "custom_resources_fit_their_schemas",
        change(HTTP, "rules", 0, "timeouts", "request", to="1 h"),
    ),
    Mutation(
        "a misspelt field of a ScaledObject",
        "custom_resources_fit_their_schemas",
        change(KEDA, "minReplicas", to=1),
    ),
]
