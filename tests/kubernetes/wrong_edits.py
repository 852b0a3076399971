"""The wrong edits, by what they break."""

from tests.kubernetes.mutations import (
    Manifests,
    Mutation,
    change,
    drop,
    first_rule,
    gateway,
    pod,
    spec,
    triton,
    worker,
)

SERVICE, TRITON_SERVICE = spec("Service", "gateway"), spec("Service", "triton")
HTTP, GRPC = spec("HTTPRoute", "http"), spec("GRPCRoute", "grpc")
HPA, KEDA = spec("HorizontalPodAutoscaler", "gateway"), spec("ScaledObject", "triton")
BUDGET = spec("PodDisruptionBudget", "triton")
OTHER_PODS = {"app.kubernetes.io/name": "other"}


def _swap_service_ports(manifests: Manifests) -> None:
    http, grpc = SERVICE(manifests)["ports"][:2]
    http["targetPort"], grpc["targetPort"] = grpc["targetPort"], http["targetPort"]


def _twice(manifests: Manifests) -> None:
    manifests.objects.append(manifests.all("Service")[0])


def _open_default_deny(manifests: Manifests) -> None:
    for policy in manifests.all("NetworkPolicy"):
        if policy["spec"]["podSelector"] == {}:
            policy["spec"]["egress"] = [{}]


def _policy_without_types(manifests: Manifests) -> None:
    for policy in manifests.all("NetworkPolicy"):
        policy["spec"]["policyTypes"] = ["Ingress"]


def _put_secret(manifests: Manifests) -> None:
    metadata = {"name": "clearbg-stores"}
    manifests.objects.append(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "Yg=="}}
    )


def _forget_config_map(manifests: Manifests) -> None:
    found = manifests.all("ConfigMap")
    manifests.objects.remove(next(m for m in found if "settings" in m["metadata"]["name"]))


def _claim_nothing(manifests: Manifests) -> None:
    claim = {"persistentVolumeClaim": {"claimName": "clearbg-data"}}
    manifests.pod("gateway")["volumes"][0] = {"name": "data", **claim}


def _probe_an_init_container(manifests: Manifests) -> None:
    manifests.pod("gateway")["initContainers"] = [dict(manifests.container("gateway"))]


def _namespace_that_only_warns(manifests: Manifests) -> None:
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    metadata = {"name": "clearbg", "labels": labels}
    manifests.objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


def _policy_for_nobody(manifests: Manifests) -> None:
    policies = manifests.all("NetworkPolicy")
    named = next(p for p in policies if p["spec"]["podSelector"] != {})
    named["spec"]["podSelector"] = {"matchLabels": OTHER_PODS}


def _policy_without_its_direction(manifests: Manifests) -> None:
    policies = manifests.all("NetworkPolicy")
    next(p for p in policies if "egress" in p["spec"])["spec"]["policyTypes"] = ["Ingress"]


def _forget_budget(manifests: Manifests) -> None:
    manifests.objects.remove(manifests.all("PodDisruptionBudget")[0])


def _change_dashboard(manifests: Manifests) -> None:
    manifests.settings()["overview.json"] = "{}"


PODS = [
    Mutation("a claim that nobody makes", "claims_exist", _claim_nothing),
    Mutation("a probe of an init container", "init_containers_end", _probe_an_init_container),
    Mutation("no readiness probe", "containers_are_probed", drop(gateway, "readinessProbe")),
    Mutation("no startup probe", "containers_are_probed", drop(triton, "startupProbe")),
    Mutation(
        "probe of an unknown port",
        "probe_ports_exist",
        change(gateway, "livenessProbe", "httpGet", "port", to="metrics"),
    ),
    Mutation(
        "gRPC probe of a wrong number",
        "probe_ports_exist",
        change(triton, "readinessProbe", "grpc", "port", to=8000),
    ),
    Mutation(
        "liveness must succeed twice",
        "probes_are_sound",
        change(worker, "livenessProbe", "successThreshold", to=2),
    ),
    Mutation(
        "an initial delay instead of a startup probe",
        "probes_are_sound",
        change(triton, "livenessProbe", "initialDelaySeconds", to=60),
    ),
    Mutation(
        "mount of an unknown volume",
        "mounts_have_volumes",
        change(gateway, "volumeMounts", 0, "name", to="date"),
    ),
    Mutation("data is not mounted", "mounts_have_volumes", drop(worker, "volumeMounts", 0)),
    Mutation(
        "data is mounted elsewhere",
        "data_folders_are_writable",
        change(gateway, "volumeMounts", 0, "mountPath", to="/var/data"),
    ),
    Mutation(
        "too little grace",
        "grace_covers_shutdown",
        change(pod("gateway"), "terminationGracePeriodSeconds", to=30),
    ),
    Mutation("no preStop", "servers_drain_before_they_stop", drop(gateway, "lifecycle")),
    Mutation("image of any version", "images_have_versions", change(worker, "image", to="clearbg")),
    Mutation("two objects of one name", "names_are_unique", _twice),
    Mutation(
        "a port changed in the container only",
        "ports_are_those_of_the_settings",
        change(gateway, "ports", 0, "containerPort", to=8000),
    ),
    Mutation("no operations port", "ports_are_those_of_the_settings", drop(worker, "ports", 0)),
    Mutation(
        "an unknown command", "commands_exist", change(worker, "command", to=["clearbg", "work"])
    ),
]

RESOURCES = [
    Mutation(
        "no memory limit", "resources_are_bounded", drop(gateway, "resources", "limits", "memory")
    ),
    Mutation("no requests", "resources_are_bounded", drop(triton, "resources", "requests")),
    Mutation(
        "a request above its limit",
        "requests_are_within_limits",
        change(gateway, "resources", "requests", "memory", to="30Gi"),
    ),
    Mutation(
        "memory in a wrong unit",
        "quantities_parse",
        change(worker, "resources", "limits", "memory", to="2GB"),
    ),
    Mutation(
        "a volume without a limit",
        "memory_volumes_are_bounded",
        change(pod("triton"), "volumes", 0, "emptyDir", to={}),
    ),
]

SECURITY = [
    Mutation(
        "privileges may escalate",
        "pods_are_restricted",
        drop(triton, "securityContext", "allowPrivilegeEscalation"),
    ),
    Mutation(
        "capabilities kept",
        "pods_are_restricted",
        change(gateway, "securityContext", "capabilities", to={"drop": ["NET_RAW"]}),
    ),
    Mutation(
        "runs as root",
        "pods_are_restricted",
        drop(pod("worker"), "securityContext", "runAsNonRoot"),
    ),
    Mutation(
        "the host's network", "pods_are_restricted", change(pod("gateway"), "hostNetwork", to=True)
    ),
    Mutation(
        "a writable root",
        "roots_are_read_only",
        change(gateway, "securityContext", "readOnlyRootFilesystem", to=False),
    ),
    Mutation(
        "a service account's token",
        "pods_have_no_tokens",
        change(pod("worker"), "automountServiceAccountToken", to=True),
    ),
    Mutation(
        "another service account",
        "pods_have_no_tokens",
        change(pod("gateway"), "serviceAccountName", to="clear"),
    ),
    Mutation("no enforcement", "namespaces_enforce_restricted", _namespace_that_only_warns),
    Mutation("a secret in the manifests", "secrets_are_references", _put_secret),
]

SERVICES = [
    Mutation(
        "swapped Service ports", "services_name_the_ports_that_they_reach", _swap_service_ports
    ),
    Mutation(
        "a target that no container has",
        "service_ports_exist",
        change(SERVICE, "ports", 0, "targetPort", to="web"),
    ),
    Mutation(
        "a selector for no pods",
        "services_reach_one_workload",
        change(SERVICE, "selector", to=OTHER_PODS),
    ),
    Mutation(
        "a selector for all pods",
        "services_reach_one_workload",
        drop(SERVICE, "selector", "app.kubernetes.io/component"),
    ),
    Mutation(
        "another number in a headless Service",
        "headless_ports_are_container_ports",
        change(TRITON_SERVICE, "ports", 0, "port", to=80),
    ),
    Mutation(
        "a workload without its label",
        "workloads_select_their_own_pods",
        lambda m: m.template("gateway")["metadata"]["labels"].pop("app.kubernetes.io/component"),
    ),
    Mutation(
        "another name of the workers' Service",
        "stateful_sets_have_headless_services",
        change(spec("StatefulSet", "worker"), "serviceName", to="clearbg-workers"),
    ),
    Mutation(
        "a spread over other pods",
        "spreads_count_their_own_pods",
        change(
            pod("triton"),
            "topologySpreadConstraints",
            0,
            "labelSelector",
            to={"matchLabels": OTHER_PODS},
        ),
    ),
    Mutation("no spread", "replicas_are_spread", drop(pod("triton"), "topologySpreadConstraints")),
]

ROUTES = [
    Mutation(
        "a Gateway that does not exist",
        "routes_have_gateways",
        change(HTTP, "parentRefs", to=[{"name": "edge"}]),
    ),
    Mutation(
        "a route to an unknown port",
        "routes_reach_services",
        change(HTTP, "rules", 0, "backendRefs", 0, "port", to=80),
    ),
    Mutation(
        "a backend that may take longer than the request",
        "route_timeouts_fit",
        change(HTTP, "rules", 0, "timeouts", "backendRequest", to="2h"),
    ),
    Mutation(
        "a route that ends before the service does",
        "route_timeouts_fit",
        change(HTTP, "rules", 1, "timeouts", to={"request": "10s"}),
    ),
    Mutation(
        "timeouts of a GRPCRoute",
        "route_timeouts_fit",
        change(GRPC, "rules", 0, "timeouts", to={"request": "60s"}),
    ),
    Mutation(
        "one host name for both protocols",
        "protocols_have_hosts_of_their_own",
        change(GRPC, "hostnames", to=["cutouts.example"]),
    ),
    Mutation(
        "gRPC to the HTTP port",
        "routes_choose_their_protocol",
        change(GRPC, "rules", 0, "backendRefs", 0, "port", to=8080),
    ),
]

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

POLICIES = [
    Mutation("a policy for nobody", "policies_select_pods", _policy_for_nobody),
    Mutation(
        "rules of another direction", "policies_say_their_directions", _policy_without_its_direction
    ),
    Mutation("egress for all", "everything_is_denied_by_default", _open_default_deny),
    Mutation("egress not denied", "everything_is_denied_by_default", _policy_without_types),
    Mutation(
        "a policy for an unknown port",
        "policy_ports_are_container_ports",
        change(first_rule("egress"), "ports", 0, "port", to=8000),
    ),
    Mutation(
        "a rule for every port",
        "policy_rules_name_peers_and_ports",
        drop(first_rule("ingress"), "ports"),
    ),
    Mutation(
        "a peer that does not exist",
        "policy_peers_exist",
        change(first_rule("ingress"), "from", to=[{"podSelector": {"matchLabels": OTHER_PODS}}]),
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

WRONG_EDITS = [
    *(*PODS, *RESOURCES, *SECURITY, *SERVICES, *ROUTES),
    *(*AUTOSCALING, *POLICIES, *QUERIES, *SETTINGS, *SCHEMAS),
]
