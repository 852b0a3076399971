"""Wrong edits of what pods talk through: Services, routes, NetworkPolicies."""

from tests.kubernetes.mutations import Manifests, Mutation, change, drop, first_rule, pod, spec

SERVICE = spec("Service", "gateway")
TRITON_SERVICE = spec("Service", "triton")
HTTP = spec("HTTPRoute", "http")
GRPC = spec("GRPCRoute", "grpc")
OTHER_PODS = {"app.kubernetes.io/name": "other"}


def _swap_service_ports(manifests: Manifests) -> None:
    http, grpc = SERVICE(manifests)["ports"][:2]
    http["targetPort"], grpc["targetPort"] = grpc["targetPort"], http["targetPort"]


def _open_default_deny(manifests: Manifests) -> None:
    for policy in manifests.all("NetworkPolicy"):
        if policy["spec"]["podSelector"] == {}:
            policy["spec"]["egress"] = [{}]


def _policy_without_types(manifests: Manifests) -> None:
    for policy in manifests.all("NetworkPolicy"):
        policy["spec"]["policyTypes"] = ["Ingress"]


def _policy_for_nobody(manifests: Manifests) -> None:
    policies = manifests.all("NetworkPolicy")
    named = next(p for p in policies if p["spec"]["podSelector"] != {})
    named["spec"]["podSelector"] = {"matchLabels": OTHER_PODS}


def _policy_without_its_direction(manifests: Manifests) -> None:
    policies = manifests.all("NetworkPolicy")
    next(p for p in policies if "egress" in p["spec"])["spec"]["policyTypes"] = ["Ingress"]


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
