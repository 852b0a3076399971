"""Rendered Kubernetes objects, and what the checks ask them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

WORKLOADS = ("Deployment", "StatefulSet")
"""Kinds whose pods run until they are stopped."""
IMAGES = ("clearbg", "clearbg-triton")
"""Our own images; a registry's name may stand before them."""


def of_kind(objects: Iterable[Object], *kinds: str) -> list[Object]:
    return [thing for thing in objects if thing["kind"] in kinds]


def named(objects: Iterable[Object], kind: str, name: str) -> Object | None:
    return next((o for o in of_kind(objects, kind) if o["metadata"]["name"] == name), None)


def label(thing: Object) -> str:
    """Return how problems name an object: `Deployment/clearbg-gateway`."""
    return f"{thing['kind']}/{thing['metadata']['name']}"


@dataclass(frozen=True)
class Pod:
    """The pods of one workload or job, which are all alike."""

    owner: Object
    template: Object

    @property
    def name(self) -> str:
        return label(self.owner)

    @property
    def labels(self) -> dict[str, str]:
        return dict(self.template.get("metadata", {}).get("labels", {}))

    @property
    def spec(self) -> Object:
        return dict(self.template["spec"])

    @property
    def runs_on(self) -> bool:
        """Whether they run until they are stopped, unlike a job's."""
        return self.owner["kind"] in WORKLOADS

    @property
    def containers(self) -> list[Object]:
        return list(self.spec["containers"])

    @property
    def all_containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", ()), *self.containers]

    @property
    def sidecars_and_containers(self) -> list[Object]:
        """Those that run while the pod serves."""
        sidecars = [c for c in self.all_containers if c.get("restartPolicy") == "Always"]
        return [*sidecars, *self.containers]

    @property
    def ports(self) -> dict[str, int]:
        """The declared ports by name; one without a name has its number as the name."""
        return {
            port.get("name", str(port["containerPort"])): port["containerPort"]
            for container in self.sidecars_and_containers
            for port in container.get("ports", ())
        }

    def port(self, name_or_number: str | int) -> int | None:
        """Return the number of a declared port, None if there is none."""
        if isinstance(name_or_number, str):
            return self.ports.get(name_or_number)
        return name_or_number if name_or_number in self.ports.values() else None


def pods(objects: Iterable[Object]) -> list[Pod]:
    return list(_pods(objects))


def _pods(objects: Iterable[Object]) -> Iterator[Pod]:
    for thing in objects:
        spec = thing.get("spec", {})
        if thing["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if thing["kind"] in (*WORKLOADS, "DaemonSet", "Job", "CronJob"):
            yield Pod(thing, spec["template"])


def selects(selector: Object | None, labels: dict[str, str]) -> bool:
    """Return whether a label selector matches; an empty one matches everything, None nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _matches(expression, labels) for expression in selector.get("matchExpressions", ())
    )


def _matches(expression: Object, labels: dict[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None


def backing(service: Object, objects: Iterable[Object]) -> list[Pod]:
    """Return the pods behind a Service."""
    selector = service["spec"].get("selector")
    labels = {"matchLabels": selector} if selector else None
    return [pod for pod in pods(objects) if pod.runs_on and selects(labels, pod.labels)]


def environment(container: Object, objects: Iterable[Object]) -> dict[str, str | None]:
    """Return a container's variables; those from Secrets, which nobody may see, are None."""
    values: dict[str, str | None] = {}
    for source in container.get("envFrom", ()):
        if reference := source.get("configMapRef"):
            found = named(objects, "ConfigMap", reference["name"])
            values |= (found or {}).get("data", {})
    for variable in container.get("env", ()):
        values[variable["name"]] = _value(variable, objects)
    return values


def _value(variable: Object, objects: Iterable[Object]) -> str | None:
    source = variable.get("valueFrom", {})
    if reference := source.get("configMapKeyRef"):
        found = named(objects, "ConfigMap", reference["name"])
        data: dict[str, str] = (found or {}).get("data", {})
        return data.get(reference["key"])
    return None if source else variable.get("value", "")


def is_clearbg(container: Object) -> bool:
    """Return whether a container runs one of our images, which have our commands and settings."""
    return str(container["image"]).rpartition("/")[2].partition(":")[0] in IMAGES


def command(container: Object) -> str:
    """Return which of `clearbg`'s commands a container runs; empty: another program."""
    words = [*container.get("command", ()), *container.get("args", ())]
    if not words:
        return "serve"
    if words[0] == "clearbg" or not container.get("command"):
        return str(words[words[0] == "clearbg"])
    return ""
