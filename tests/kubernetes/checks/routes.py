"""Checks of HTTPRoutes and GRPCRoutes."""

import re
from collections.abc import Iterator
from itertools import product

from gateway.settings import Settings
from tests.kubernetes.objects import Object, environment, is_clearbg, label, named, of_kind, pods

ROUTES = ("HTTPRoute", "GRPCRoute")
UNITS_S = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}


def routes_reach_services(objects: list[Object]) -> Iterator[str]:
    for route, rule in _rules(objects):
        for backend in rule.get("backendRefs", ()):
            service = named(objects, "Service", backend["name"])
            ports = {port["port"] for port in (service or {"spec": {}})["spec"].get("ports", ())}
            if backend.get("port") not in ports:
                yield f"{label(route)}: no Service {backend['name']}:{backend.get('port')}"


def routes_have_gateways(objects: list[Object]) -> Iterator[str]:
    """A Gateway may be the cluster's own, in a namespace that the route names."""
    for route in of_kind(objects, *ROUTES):
        for parent in route["spec"].get("parentRefs", [{}]):
            gateway = named(objects, "Gateway", parent.get("name", ""))
            if gateway is None and "namespace" not in parent:
                yield f"{label(route)}: no Gateway {parent.get('name')}"
            sections = {
                listener["name"]
                for listener in (gateway or {"spec": {"listeners": ()}})["spec"]["listeners"]
            }
            if gateway and parent.get("sectionName", next(iter(sections))) not in sections:
                yield f"{label(route)}: no listener {parent['sectionName']}"


def route_timeouts_fit(objects: list[Object]) -> Iterator[str]:
    """Callers get the service's own 504: the gateway in front waits longer than the service."""
    needed_s = max(
        float(
            environment(container, objects).get("CLEARBG_REQUEST_TIMEOUT_S")
            or Settings.model_fields["request_timeout_s"].default
        )
        for pod in pods(objects)
        for container in filter(is_clearbg, pod.containers)
    )
    for route, rule in _rules(objects):
        timeouts = rule.get("timeouts", {})
        if route["kind"] == "GRPCRoute":
            if timeouts:
                yield f"{label(route)}: a GRPCRoute has no timeouts"
            continue
        request_s = seconds(timeouts.get("request", "0s"))
        backend_s = seconds(timeouts.get("backendRequest", "0s"))
        if request_s and backend_s > request_s:
            yield f"{label(route)}: backendRequest exceeds request"
        if "request" not in timeouts:
            yield f"{label(route)}: the timeout is left to the implementation"
        for value_s in filter(None, (request_s, backend_s)):
            if value_s <= needed_s:
                yield f"{label(route)}: {value_s:g} s, and the service may take {needed_s:g} s"


def seconds(duration: str) -> float:
    """Return a Gateway API duration (GEP-2257), such as `1m30s`, in seconds; 0: no limit."""
    parts = re.findall(r"(\d+)(h|ms|m|s)", duration)
    return sum(int(number) * UNITS_S[unit] for number, unit in parts)


def protocols_have_hosts_of_their_own(objects: list[Object]) -> Iterator[str]:
    """Several implementations refuse an HTTPRoute and a GRPCRoute of one host name."""
    for http, grpc in product(of_kind(objects, "HTTPRoute"), of_kind(objects, "GRPCRoute")):
        names = [set(route["spec"].get("hostnames", ["*"])) for route in (http, grpc)]
        if names[0] & names[1]:
            yield f"{label(http)} and {label(grpc)} share {sorted(names[0] & names[1])}"


def routes_choose_their_protocol(objects: list[Object]) -> Iterator[str]:
    """HTTPRoutes lead to ports named http, GRPCRoutes to those named grpc."""
    for route, rule in _rules(objects):
        wanted = route["kind"].removesuffix("Route").lower()
        for backend in rule.get("backendRefs", ()):
            service = named(objects, "Service", backend["name"])
            for port in (service or {"spec": {}})["spec"].get("ports", ()):
                if port["port"] == backend.get("port") and port.get("name") != wanted:
                    yield f"{label(route)} leads to port {port.get('name')}"


def _rules(objects: list[Object]) -> Iterator[tuple[Object, Object]]:
    for route in of_kind(objects, *ROUTES):
        yield from ((route, rule) for rule in route["spec"].get("rules", ()))
