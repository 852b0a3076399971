"""Checks of NetworkPolicies, one by one; tests/kubernetes/reachability.py has their sum."""

from collections.abc import Iterator

from tests.kubernetes.objects import Object, Pod, label, of_kind, pods, selects

DIRECTIONS = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}


def everything_is_denied_by_default(objects: list[Object]) -> Iterator[str]:
    """One policy for all pods allows nothing; what it takes away, others give by name."""
    for policy in of_kind(objects, "NetworkPolicy"):
        spec = policy["spec"]
        closes = set(spec.get("policyTypes", ())) == set(DIRECTIONS)
        if spec["podSelector"] == {} and closes and not {"ingress", "egress"} & spec.keys():
            return
    yield "no NetworkPolicy denies everything by default"


def policies_select_pods(objects: list[Object]) -> Iterator[str]:
    for policy in of_kind(objects, "NetworkPolicy"):
        if not _selected(policy, objects):
            yield f"{label(policy)}: selects no pods"


def policies_say_their_directions(objects: list[Object]) -> Iterator[str]:
    for policy in of_kind(objects, "NetworkPolicy"):
        types = policy["spec"].get("policyTypes", ())
        for direction, (rules, _) in DIRECTIONS.items():
            if rules in policy["spec"] and direction not in types:
                yield f"{label(policy)}: has {rules} rules, and no policyType {direction}"


def policy_rules_name_peers_and_ports(objects: list[Object]) -> Iterator[str]:
    """A rule without peers or without ports allows all of them."""
    for policy in of_kind(objects, "NetworkPolicy"):
        for rules, peers in DIRECTIONS.values():
            for rule in policy["spec"].get(rules, ()):
                for part in (peers, "ports"):
                    if not rule.get(part):
                        yield f"{label(policy)}: an {rules} rule has no {part}"


def policy_ports_are_container_ports(objects: list[Object]) -> Iterator[str]:
    """Policies apply to containers' ports, whatever a Service translates them to."""
    for policy in of_kind(objects, "NetworkPolicy"):
        for rule in policy["spec"].get("ingress", ()):
            for pod in _selected(policy, objects):
                yield from _missing(policy, rule, pod)
        for rule in policy["spec"].get("egress", ()):
            for peer in rule.get("to", ()):
                for pod in _peers(peer, objects):
                    yield from _missing(policy, rule, pod)


def policy_peers_exist(objects: list[Object]) -> Iterator[str]:
    """A peer in the own namespace is one of our pods."""
    for policy in of_kind(objects, "NetworkPolicy"):
        for rules, name in DIRECTIONS.values():
            for rule in policy["spec"].get(rules, ()):
                for peer in rule.get(name, ()):
                    if set(peer) == {"podSelector"} and not _peers(peer, objects):
                        yield f"{label(policy)}: an {rules} rule's peer is no pod: {peer}"


def _missing(policy: Object, rule: Object, pod: Pod) -> Iterator[str]:
    for port in rule.get("ports", ()):
        if pod.runs_on and pod.port(port.get("port", "")) is None:
            yield f"{label(policy)}: {pod.name} has no port {port.get('port')}"


def _selected(policy: Object, objects: list[Object]) -> list[Pod]:
    return [pod for pod in pods(objects) if selects(policy["spec"]["podSelector"], pod.labels)]


def _peers(peer: Object, objects: list[Object]) -> list[Pod]:
    """Return the pods of ours that a peer names; those in other namespaces are not ours."""
    if "podSelector" not in peer or "namespaceSelector" in peer:
        return []
    return [pod for pod in pods(objects) if selects(peer["podSelector"], pod.labels)]
