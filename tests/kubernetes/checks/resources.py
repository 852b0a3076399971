"""Checks of requests and limits."""

from collections.abc import Iterator
from decimal import Decimal

from tests.kubernetes import quantity
from tests.kubernetes.objects import Object, label, pods

REQUIRED = {"requests": ("cpu", "memory"), "limits": ("memory",)}
"""CPU has no limit: throttling delays requests, and idle cores help nobody."""


def quantities_parse(objects: list[Object]) -> Iterator[str]:
    for where, text in _quantities(objects):
        try:
            quantity.parse(text)
        except ValueError as error:
            yield f"{where}: {error}"


def _quantities(objects: list[Object]) -> Iterator[tuple[str, object]]:
    for pod in pods(objects):
        for container in pod.all_containers:
            for amounts in container.get("resources", {}).values():
                yield from ((f"{pod.name} {name}", value) for name, value in amounts.items())
        for volume in pod.spec.get("volumes", ()):
            if limit := (volume.get("emptyDir") or {}).get("sizeLimit"):
                yield f"{pod.name} {volume['name']}", limit
    for claim in _claims(objects):
        yield label(claim), claim["spec"]["resources"]["requests"]["storage"]


def _claims(objects: list[Object]) -> Iterator[Object]:
    for thing in objects:
        if thing["kind"] == "PersistentVolumeClaim":
            yield thing
        for claim in thing.get("spec", {}).get("volumeClaimTemplates", ()):
            yield {"kind": "PersistentVolumeClaim", **claim}


def resources_are_bounded(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in pod.all_containers:
            resources = container.get("resources", {})
            for kind, names in REQUIRED.items():
                for name in names:
                    if name not in resources.get(kind, {}):
                        yield f"{pod.name}: {container['name']} has no {kind} of {name}"


def requests_are_within_limits(objects: list[Object]) -> Iterator[str]:
    """A request is at most its limit; memory and devices, which cannot be shared, are equal."""
    for pod in pods(objects):
        for container in pod.all_containers:
            resources = container.get("resources", {})
            limits, requests = resources.get("limits", {}), resources.get("requests", {})
            for name in limits.keys() & requests.keys():
                if _value(requests[name]) > _value(limits[name]):
                    yield f"{pod.name}: {container['name']} requests more {name} than its limit"
            for name in limits.keys() | requests.keys():
                if "/" in name and limits.get(name) != requests.get(name, limits.get(name)):
                    yield f"{pod.name}: {container['name']} overcommits {name}"


def _value(text: object) -> Decimal:
    try:
        return quantity.parse(text)
    except ValueError:
        return Decimal(0)  # quantities_parse reports it


def memory_volumes_are_bounded(objects: list[Object]) -> Iterator[str]:
    """A volume without a limit may fill the node's disk or memory."""
    for pod in pods(objects):
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
                yield f"{pod.name}: {volume['name']} has no sizeLimit"
