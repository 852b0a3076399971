"""Checks of what objects name: ConfigMaps, Secrets, claims, and their keys."""

from collections.abc import Iterator

from tests.kubernetes.objects import Object, Pod, label, named, pods


def config_maps_exist(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for kind, name, keys in _references(pod):
            if kind != "ConfigMap":
                continue
            found = named(objects, kind, name)
            known = (found or {}).get("data", {}).keys() | (found or {}).get("binaryData", {})
            if found is None:
                yield f"{pod.name}: there is no ConfigMap/{name}"
            for key in sorted(keys - known):
                yield f"{pod.name}: ConfigMap/{name} has no {key}"


def secrets_are_references(objects: list[Object]) -> Iterator[str]:
    """No manifest has a secret in it: whoever installs creates the Secrets."""
    for thing in objects:
        if thing["kind"] == "Secret" and (thing.get("data") or thing.get("stringData")):
            yield f"{label(thing)}: is in the manifests"


def claims_exist(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for volume in pod.spec.get("volumes", ()):
            name = volume.get("persistentVolumeClaim", {}).get("claimName")
            if name and named(objects, "PersistentVolumeClaim", name) is None:
                yield f"{pod.name}: there is no PersistentVolumeClaim/{name}"


def required_secrets(objects: list[Object]) -> dict[str, set[str]]:
    """Return the keys of all Secrets that the objects need, by the Secrets' names."""
    secrets: dict[str, set[str]] = {}
    for pod in pods(objects):
        for kind, name, keys in _references(pod):
            if kind == "Secret":
                secrets.setdefault(name, set()).update(keys)
    return secrets


def _references(pod: Pod) -> Iterator[tuple[str, str, set[str]]]:
    """List (kind, name, keys) of the ConfigMaps and Secrets that must exist."""
    for container in pod.all_containers:
        for source in container.get("envFrom", ()):
            yield from _by_kind(source, "Ref", set())
        for variable in container.get("env", ()):
            source = variable.get("valueFrom", {})
            for reference in ("configMapKeyRef", "secretKeyRef"):
                if reference in source:
                    yield from _by_kind(source, "KeyRef", {source[reference]["key"]})
    for volume in pod.spec.get("volumes", ()):
        sources = [volume, *volume.get("projected", {}).get("sources", ())]
        for source in sources:
            for name, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if found := source.get(name):
                    keys = {item["key"] for item in found.get("items", ())}
                    if not found.get("optional"):
                        yield kind, found.get("name") or found["secretName"], keys


def _by_kind(source: Object, ending: str, keys: set[str]) -> Iterator[tuple[str, str, set[str]]]:
    for prefix, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        reference = source.get(prefix + ending)
        if reference and not reference.get("optional"):
            yield kind, reference["name"], keys
