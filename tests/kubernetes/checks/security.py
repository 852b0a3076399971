"""Checks of pod security: the standard `restricted`, and a little more."""

from collections.abc import Iterator

from tests.kubernetes.objects import Object, named, of_kind, pods

VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret", "image"),
}
"""The kinds of volumes that `restricted` allows."""
LEVELS = ("enforce", "warn")


def pods_are_restricted(objects: list[Object]) -> Iterator[str]:
    """See https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted."""
    for pod in pods(objects):
        spec, of_pod = pod.spec, pod.spec.get("securityContext", {})
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(name):
                yield f"{pod.name}: {name}"
        for volume in spec.get("volumes", ()):
            for kind in volume.keys() - {"name"} - VOLUMES:
                yield f"{pod.name}: {volume['name']} is a {kind}"
        for container in pod.all_containers:
            for problem in _unrestricted(container, of_pod):
                yield f"{pod.name}: {container['name']}: {problem}"


def _unrestricted(container: Object, of_pod: Object) -> Iterator[str]:
    own = container.get("securityContext", {})
    context = of_pod | own
    if context.get("runAsNonRoot") is not True or context.get("runAsUser") == 0:
        yield "may run as root"
    if context.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may escalate privileges"
    if own.get("capabilities", {}).get("drop") != ["ALL"] or own["capabilities"].get("add"):
        yield "has capabilities"
    if own.get("privileged") or own.get("procMount", "Default") != "Default":
        yield "is privileged"
    if any("hostPort" in port for port in container.get("ports", ())):
        yield "has a host port"


def roots_are_read_only(objects: list[Object]) -> Iterator[str]:
    for pod in pods(objects):
        for container in pod.all_containers:
            if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
                yield f"{pod.name}: {container['name']} may write to its root"


def pods_have_no_tokens(objects: list[Object]) -> Iterator[str]:
    """No process here calls the Kubernetes API, and none reads variables of Services."""
    for pod in pods(objects):
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name}: gets a token"
        if pod.spec.get("enableServiceLinks") is not False:
            yield f"{pod.name}: gets variables of all Services"
        name = pod.spec.get("serviceAccountName", "default")
        account = named(objects, "ServiceAccount", name)
        if account is None:
            yield f"{pod.name}: there is no service account {name}"
        elif account.get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount/{name}: mounts its token"


def namespaces_enforce_restricted(objects: list[Object]) -> Iterator[str]:
    for namespace in of_kind(objects, "Namespace"):
        labels = namespace["metadata"].get("labels", {})
        for level in LEVELS:
            if labels.get(f"pod-security.kubernetes.io/{level}") != "restricted":
                yield f"Namespace/{namespace['metadata']['name']}: does not {level} restricted"
