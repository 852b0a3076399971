"""Checks of Services, and of what selects pods."""

from collections.abc import Iterator

from tests.kubernetes.objects import (
    WORKLOADS,
    Object,
    Pod,
    backing,
    label,
    named,
    of_kind,
    pods,
    selects,
)


def services_reach_one_workload(objects: list[Object]) -> Iterator[str]:
    for service in of_kind(objects, "Service"):
        if service["spec"].get("selector") and len(found := backing(service, objects)) != 1:
            yield f"{label(service)} selects {[pod.name for pod in found]}"


def service_ports_exist(objects: list[Object]) -> Iterator[str]:
    for service in of_kind(objects, "Service"):
        for pod in backing(service, objects):
            for port in service["spec"].get("ports", ()):
                target = port.get("targetPort", port["port"])
                if pod.port(target) is None:
                    yield f"{label(service)}: {pod.name} has no port {target}"


def services_name_the_ports_that_they_reach(objects: list[Object]) -> Iterator[str]:
    """A Service's port has its target's name, so swapped targets are found."""
    for service in of_kind(objects, "Service"):
        for port in service["spec"].get("ports", ()):
            if port.get("name") != port.get("targetPort"):
                yield f"{label(service)}: {port.get('name')} leads to {port.get('targetPort')}"


def headless_ports_are_container_ports(objects: list[Object]) -> Iterator[str]:
    """A headless Service only names addresses: callers reach the container's port itself."""
    for service in of_kind(objects, "Service"):
        for pod in backing(service, objects) if service["spec"].get("clusterIP") == "None" else ():
            for port in service["spec"].get("ports", ()):
                if pod.port(port.get("targetPort", port["port"])) != port["port"]:
                    yield f"{label(service)}: nothing listens on {port['port']}"


def workloads_select_their_own_pods(objects: list[Object]) -> Iterator[str]:
    running = [pod for pod in pods(objects) if pod.runs_on]
    for workload in of_kind(objects, *WORKLOADS):
        found = [p.name for p in running if selects(workload["spec"]["selector"], p.labels)]
        if found != [label(workload)]:
            yield f"{label(workload)} selects the pods of {found}"


def stateful_sets_have_headless_services(objects: list[Object]) -> Iterator[str]:
    for workload in of_kind(objects, "StatefulSet"):
        service = named(objects, "Service", workload["spec"].get("serviceName", ""))
        if service is None or service["spec"].get("clusterIP") != "None":
            yield f"{label(workload)}: its serviceName is no headless Service"
        elif [pod.name for pod in backing(service, objects)] != [label(workload)]:
            yield f"{label(workload)}: {label(service)} selects other pods"


def spreads_count_their_own_pods(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for constraint in pod.spec.get("topologySpreadConstraints", ()):
            if not selects(constraint.get("labelSelector"), pod.labels):
                yield f"{pod.name}: a topology spread constraint counts other pods"


def replicas_are_spread(objects: list[Object]) -> Iterator[str]:
    """Where several replicas are the rule, one node's failure must not take all of them."""
    for budget in of_kind(objects, "PodDisruptionBudget"):
        for pod in _selected(budget, objects):
            keys = {c["topologyKey"] for c in pod.spec.get("topologySpreadConstraints", ())}
            if "kubernetes.io/hostname" not in keys:
                yield f"{pod.name}: is not spread over nodes"


def monitors_scrape_existing_ports(objects: list[Object]) -> Iterator[str]:
    for monitor in of_kind(objects, "PodMonitor"):
        found = _selected(monitor, objects)
        if not found:
            yield f"{label(monitor)} selects no pods"
        for pod in found:
            for endpoint in monitor["spec"].get("podMetricsEndpoints", ()):
                if pod.port(endpoint.get("port", endpoint.get("portNumber", ""))) is None:
                    yield f"{label(monitor)}: {pod.name} has no port {endpoint.get('port')}"
    for monitor in of_kind(objects, "ServiceMonitor"):
        services = [s for s in of_kind(objects, "Service") if _monitors(monitor, s)]
        if not services:
            yield f"{label(monitor)} selects no Services"
        for service in services:
            names = {port.get("name") for port in service["spec"]["ports"]}
            for endpoint in monitor["spec"]["endpoints"]:
                if endpoint.get("port") not in names:
                    yield f"{label(monitor)}: {label(service)} has no port {endpoint.get('port')}"


def _monitors(monitor: Object, service: Object) -> bool:
    return selects(monitor["spec"]["selector"], service["metadata"].get("labels", {}))


def _selected(thing: Object, objects: list[Object]) -> list[Pod]:
    return [p for p in pods(objects) if p.runs_on and selects(thing["spec"]["selector"], p.labels)]
