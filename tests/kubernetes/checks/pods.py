"""Checks of pods: probes, shutdown, volumes, images."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from gateway.settings import Settings
from serving.tritonserver import STOP_TIMEOUT_S
from tests.kubernetes.objects import Object, command, environment, is_clearbg, pods

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
UNCALLED = {"operations", "metrics"}
"""Ports of which a failed request matters to nobody: the next scrape or probe asks again."""


def probe_ports_exist(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in pod.all_containers:
            ports = container.get("ports", ())
            known = {p["containerPort"] for p in ports} | {p.get("name") for p in ports}
            for where, handler in _handlers(container):
                for action in ("httpGet", "tcpSocket", "grpc"):
                    if action in handler and handler[action]["port"] not in known:
                        yield f"{pod.name}: {where} has port {handler[action]['port']}"


def _handlers(container: Object) -> Iterator[tuple[str, Object]]:
    yield from ((name, container[name]) for name in PROBES if name in container)
    yield from container.get("lifecycle", {}).items()


def containers_are_probed(objects: list[Object]) -> Iterator[str]:
    """A server is probed for all three: slow starts, traffic and hanging."""
    for pod in pods(objects):
        for container in pod.sidecars_and_containers if pod.runs_on else ():
            for name in PROBES:
                if name not in container:
                    yield f"{pod.name}: {container['name']} has no {name}"


def probes_are_sound(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in pod.all_containers:
            for name in PROBES:
                probe = container.get(name, {})
                if name != "readinessProbe" and probe.get("successThreshold", 1) != 1:
                    yield f"{pod.name}: {name} needs successThreshold 1"
                if "initialDelaySeconds" in probe:
                    yield f"{pod.name}: {name} has an initial delay; startupProbe waits instead"


def mounts_have_volumes(objects: list[Object]) -> Iterator[str]:
    """Every mount has a volume, and every volume is mounted."""
    for pod in pods(objects):
        volumes = {volume["name"] for volume in pod.spec.get("volumes", ())}
        claims = pod.owner["spec"].get("volumeClaimTemplates", ())
        volumes |= {claim["metadata"]["name"] for claim in claims}
        mounted = {m["name"] for c in pod.all_containers for m in c.get("volumeMounts", ())}
        for name in sorted(mounted ^ volumes):
            yield f"{pod.name}: {name} is " + ("no volume" if name in mounted else "never mounted")
        for container in pod.all_containers:
            paths = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
            if len(paths) > len(set(paths)):
                yield f"{pod.name}: {container['name']} mounts two volumes at one path"


def grace_covers_shutdown(objects: list[Object]) -> Iterator[str]:
    """Kubernetes must not kill a container that still sleeps or drains."""
    for pod in pods(objects):
        grace_s = pod.spec.get("terminationGracePeriodSeconds", 30)
        for container in pod.sidecars_and_containers if pod.runs_on else ():
            needed_s = _drain_s(container, objects) + _shutdown_s(container, objects)
            if needed_s >= grace_s:
                yield f"{pod.name}: {container['name']} needs {needed_s:g} s of {grace_s} s grace"


def _drain_s(container: Object, objects: list[Object]) -> float:
    """Return the seconds for which a container that is to stop serves on."""
    sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
    seconds = float(sleep.get("seconds", 0))
    if command(container) == "serve":
        seconds += float(environment(container, objects).get("CLEARBG_DRAIN_S") or 0)
    return seconds


def _shutdown_s(container: Object, objects: list[Object]) -> float:
    for word in container.get("args", ()):
        if word.startswith("--exit-timeout-secs="):  # tritonserver's own
            return float(word.partition("=")[2])
    match command(container):
        case "triton":
            return STOP_TIMEOUT_S
        case "serve" | "worker":
            default = Settings.model_fields["shutdown_timeout_s"].default
            setting = environment(container, objects).get("CLEARBG_SHUTDOWN_TIMEOUT_S")
            return float(setting or default)
        case _:
            return 0


def servers_drain_before_they_stop(objects: list[Object]) -> Iterator[str]:
    """Endpoints take seconds to disappear; until then a stopping server still gets requests."""
    for pod in pods(objects):
        for container in pod.containers if pod.runs_on else ():
            called = {port.get("name") for port in container.get("ports", ())} - UNCALLED
            if called and not _drain_s(container, objects):
                yield f"{pod.name}: {container['name']} stops at once"


def data_folders_are_writable(objects: list[Object]) -> Iterator[str]:
    """With a read-only root, the data folder and /tmp are volumes."""
    for pod in pods(objects):
        for container in filter(is_clearbg, pod.all_containers):
            data_dir = environment(container, objects).get("CLEARBG_DATA_DIR") or "unset"
            for folder in (data_dir, "/tmp"):
                if not _is_writable(folder, container):
                    yield f"{pod.name}: {container['name']} cannot write to {folder}"


def _is_writable(folder: str, container: Object) -> bool:
    parents = {folder, *map(str, PurePosixPath(folder).parents)}
    mounts = [m for m in container.get("volumeMounts", ()) if m["mountPath"] in parents]
    nearest = max(mounts, key=lambda mount: len(mount["mountPath"]), default={"readOnly": True})
    return not nearest.get("readOnly", False)


def images_have_versions(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in pod.all_containers:
            tag = str(container["image"]).rpartition("/")[2].partition(":")[2]
            if tag in ("", "latest"):
                yield f"{pod.name}: {container['image']} may change"


def names_are_unique(objects: list[Object]) -> Iterator[str]:
    seen = set()
    for thing in objects:
        key = (thing["apiVersion"], thing["kind"], thing["metadata"]["name"])
        if key in seen:
            yield f"two objects are {key}"
        seen.add(key)


def init_containers_end(objects: list[Object]) -> Iterator[str]:
    """Only sidecars may have probes or a lifecycle; the API server rejects others."""
    for pod in pods(objects):
        for container in pod.spec.get("initContainers", ()):
            if container.get("restartPolicy") != "Always" and {*PROBES, "lifecycle"} & {*container}:
                yield f"{pod.name}: init container {container['name']} has a probe or lifecycle"
