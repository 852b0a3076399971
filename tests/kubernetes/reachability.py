"""Who may talk to whom, by the NetworkPolicies: as a cluster's network plugin decides it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from tests.kubernetes.objects import Object, of_kind, pods, selects

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Every namespace has it, with its own name."""
POD_ADDRESS = "10.244.1.7"
"""Pods have private addresses: what a policy opens to these, it opens to pods."""


@dataclass(frozen=True)
class Port:
    """A port that somebody listens on; the name is that of a container's port."""

    number: int
    protocol: str = "TCP"
    name: str = ""


@dataclass(frozen=True)
class Party:
    """Pods of one kind, or machines outside the cluster: these have no namespace."""

    name: str
    ports: tuple[Port, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    address: str = POD_ADDRESS


@dataclass(frozen=True, order=True)
class Flow:
    """A connection that is possible."""

    source: str
    destination: str
    port: int
    protocol: str = "TCP"


def our_pods(objects: Iterable[Object], namespace: str) -> list[Party]:
    return [
        Party(
            pod.name,
            tuple(
                Port(port["containerPort"], port.get("protocol", "TCP"), port.get("name", ""))
                for container in pod.sidecars_and_containers
                for port in container.get("ports", ())
            ),
            pod.labels,
            namespace,
        )
        for pod in pods(objects)
    ]


def flows(objects: list[Object], namespace: str, outsiders: list[Party]) -> set[Flow]:
    """Return every connection to or from our pods that the policies allow."""
    ours = our_pods(objects, namespace)
    policies = of_kind(objects, "NetworkPolicy")
    return {
        Flow(source.name, destination.name, port.number, port.protocol)
        for source in (*ours, *outsiders)
        for destination in (*ours, *outsiders)
        if source != destination and (source in ours or destination in ours)
        for port in destination.ports
        if _allows(policies, "Egress", source, destination, port, namespace)
        and _allows(policies, "Ingress", destination, source, port, namespace)
    }


def _allows(
    policies: list[Object], direction: str, pod: Party, peer: Party, port: Port, namespace: str
) -> bool:
    """Return whether a pod may send to, or receive from, a peer; the port is the receiver's."""
    rules, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
    applying = [
        policy["spec"]
        for policy in policies
        if pod.namespace == namespace
        and direction in policy["spec"].get("policyTypes", ("Ingress",))
        and selects(policy["spec"]["podSelector"], pod.labels)
    ]
    return not applying or any(
        _is_port(rule.get("ports"), port) and _is_peer(rule.get(peers), peer, namespace)
        for spec in applying
        for rule in spec.get(rules, ())
    )


def _is_port(allowed: list[Object] | None, port: Port) -> bool:
    return not allowed or any(
        rule.get("protocol", "TCP") == port.protocol
        and (
            "port" not in rule
            or rule["port"] == port.name
            or isinstance(rule["port"], int)
            and rule["port"] <= port.number <= rule.get("endPort", rule["port"])
        )
        for rule in allowed
    )


def _is_peer(allowed: list[Object] | None, peer: Party, namespace: str) -> bool:
    return not allowed or any(_matches(rule, peer, namespace) for rule in allowed)


def _matches(rule: Object, peer: Party, namespace: str) -> bool:
    if block := rule.get("ipBlock"):
        address = ip_address(peer.address)
        excluded = any(address in ip_network(net) for net in block.get("except", ()))
        return address in ip_network(block["cidr"]) and not excluded
    if not peer.namespace:
        return False
    if "namespaceSelector" in rule:
        same = selects(rule["namespaceSelector"], {NAMESPACE_LABEL: peer.namespace})
    else:
        same = peer.namespace == namespace
    return same and selects(rule.get("podSelector", {}), peer.labels)
