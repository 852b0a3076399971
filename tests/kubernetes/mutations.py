"""Wrong edits of the manifests, each with the check that must find it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.kubernetes.objects import Object

Edit = Callable[["Manifests"], None]


class Manifests:
    """The objects of an overlay, and short ways to what the edits change."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects

    def all(self, kind: str) -> list[Object]:
        return [thing for thing in self.objects if thing["kind"] == kind]

    def spec(self, kind: str, name: str) -> Object:
        """Return the spec of `clearbg-NAME`."""
        wanted = f"clearbg-{name}"
        found: Object = next(o for o in self.all(kind) if o["metadata"]["name"] == wanted)["spec"]
        return found

    def template(self, component: str) -> Object:
        """Return the pod template of a component."""
        kind = "StatefulSet" if component == "worker" else "Deployment"
        template: Object = self.spec(kind, component)["template"]
        return template

    def pod(self, component: str) -> Object:
        pod: Object = self.template(component)["spec"]
        return pod

    def container(self, component: str) -> Object:
        container: Object = self.pod(component)["containers"][0]
        return container

    def settings(self) -> dict[str, str]:
        maps = self.all("ConfigMap")
        data: dict[str, str] = next(
            m for m in maps if m["metadata"]["name"].startswith("clearbg-settings")
        )["data"]
        return data

    def rules(self, direction: str) -> Iterator[Object]:
        """Yield the NetworkPolicies' rules that have peers in our own namespace."""
        peers = "from" if direction == "ingress" else "to"
        for policy in self.all("NetworkPolicy"):
            for rule in policy["spec"].get(direction, ()):
                if any(set(peer) == {"podSelector"} for peer in rule[peers]):
                    yield rule

    def trigger(self, component: str) -> Object:
        trigger: Object = self.spec("ScaledObject", component)["triggers"][0]
        return trigger


@dataclass(frozen=True)
class Mutation:
    """An edit that makes the manifests wrong."""

    name: str
    check: str
    edit: Edit


def change(path: Callable[[Manifests], Any], *keys: str | int, to: object) -> Edit:
    """Return an edit that sets what the keys lead to, below what the path returns."""

    def edit(manifests: Manifests) -> None:
        _below(path(manifests), keys[:-1])[keys[-1]] = to

    return edit


def drop(path: Callable[[Manifests], Any], *keys: str | int) -> Edit:
    """Return an edit that removes what the keys lead to, below what the path returns."""

    def edit(manifests: Manifests) -> None:
        del _below(path(manifests), keys[:-1])[keys[-1]]

    return edit


def _below(thing: Any, keys: tuple[str | int, ...]) -> Any:
    for key in keys:
        thing = thing[key]
    return thing


def gateway(manifests: Manifests) -> Object:
    return manifests.container("gateway")


def triton(manifests: Manifests) -> Object:
    return manifests.container("triton")


def worker(manifests: Manifests) -> Object:
    return manifests.container("worker")


def spec(kind: str, name: str) -> Callable[[Manifests], Object]:
    return lambda manifests: manifests.spec(kind, name)


def pod(component: str) -> Callable[[Manifests], Object]:
    return lambda manifests: manifests.pod(component)


def first_rule(direction: str) -> Callable[[Manifests], Object]:
    return lambda manifests: next(manifests.rules(direction))
