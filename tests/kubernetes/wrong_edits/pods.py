"""Wrong edits of pods: probes, shutdown, volumes, resources, security."""

from tests.kubernetes.mutations import (
    Manifests,
    Mutation,
    change,
    drop,
    gateway,
    pod,
    triton,
    worker,
)


def _twice(manifests: Manifests) -> None:
    manifests.objects.append(manifests.all("Service")[0])


def _put_secret(manifests: Manifests) -> None:
    metadata = {"name": "clearbg-stores"}
    manifests.objects.append(
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "Yg=="}}
    )


def _claim_nothing(manifests: Manifests) -> None:
    claim = {"persistentVolumeClaim": {"claimName": "clearbg-data"}}
    manifests.pod("gateway")["volumes"][0] = {"name": "data", **claim}


def _probe_an_init_container(manifests: Manifests) -> None:
    manifests.pod("gateway")["initContainers"] = [dict(manifests.container("gateway"))]


def _namespace_that_only_warns(manifests: Manifests) -> None:
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    metadata = {"name": "clearbg", "labels": labels}
    manifests.objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})


PODS = [
    Mutation("a claim that nobody makes", "claims_exist", _claim_nothing),
    Mutation("a probe of an init container", "init_containers_end", _probe_an_init_container),
    Mutation("no readiness probe", "containers_are_probed", drop(gateway, "readinessProbe")),
    Mutation("no startup probe", "containers_are_probed", drop(triton, "startupProbe")),
    Mutation(
        "probe of an unknown port",
        "probe_ports_exist",
        change(gateway, "livenessProbe", "httpGet", "port", to="metrics"),
    ),
    Mutation(
        "gRPC probe of a wrong number",
        "probe_ports_exist",
        change(triton, "readinessProbe", "grpc", "port", to=8000),
    ),
    Mutation(
        "liveness must succeed twice",
        "probes_are_sound",
        change(worker, "livenessProbe", "successThreshold", to=2),
    ),
    Mutation(
        "an initial delay instead of a startup probe",
        "probes_are_sound",
        change(triton, "livenessProbe", "initialDelaySeconds", to=60),
    ),
    Mutation(
        "mount of an unknown volume",
        "mounts_have_volumes",
        change(gateway, "volumeMounts", 0, "name", to="date"),
    ),
    Mutation("data is not mounted", "mounts_have_volumes", drop(worker, "volumeMounts", 0)),
    Mutation(
        "data is mounted elsewhere",
        "data_folders_are_writable",
        change(gateway, "volumeMounts", 0, "mountPath", to="/var/data"),
    ),
    Mutation(
        "too little grace",
        "grace_covers_shutdown",
        change(pod("gateway"), "terminationGracePeriodSeconds", to=30),
    ),
    Mutation("no preStop", "servers_drain_before_they_stop", drop(triton, "lifecycle")),
    Mutation(
        "no drain",
        "servers_drain_before_they_stop",
        change(Manifests.settings, "CLEARBG_DRAIN_S", to="0"),
    ),
    Mutation("image of any version", "images_have_versions", change(worker, "image", to="clearbg")),
    Mutation("two objects of one name", "names_are_unique", _twice),
    Mutation(
        "a port changed in the container only",
        "ports_are_those_of_the_settings",
        change(gateway, "ports", 0, "containerPort", to=8000),
    ),
    Mutation("no operations port", "ports_are_those_of_the_settings", drop(worker, "ports", 0)),
    Mutation(
        "an unknown command", "commands_exist", change(worker, "command", to=["clearbg", "work"])
    ),
]

RESOURCES = [
    Mutation(
        "no memory limit", "resources_are_bounded", drop(gateway, "resources", "limits", "memory")
    ),
    Mutation("no requests", "resources_are_bounded", drop(triton, "resources", "requests")),
    Mutation(
        "a request above its limit",
        "requests_are_within_limits",
        change(gateway, "resources", "requests", "memory", to="30Gi"),
    ),
    Mutation(
        "memory in a wrong unit",
        "quantities_parse",
        change(worker, "resources", "limits", "memory", to="2GB"),
    ),
    Mutation(
        "a volume without a limit",
        "memory_volumes_are_bounded",
        change(pod("triton"), "volumes", 0, "emptyDir", to={}),
    ),
]

SECURITY = [
    Mutation(
        "privileges may escalate",
        "pods_are_restricted",
        drop(triton, "securityContext", "allowPrivilegeEscalation"),
    ),
    Mutation(
        "capabilities kept",
        "pods_are_restricted",
        change(gateway, "securityContext", "capabilities", to={"drop": ["NET_RAW"]}),
    ),
    Mutation(
        "runs as root",
        "pods_are_restricted",
        drop(pod("worker"), "securityContext", "runAsNonRoot"),
    ),
    Mutation(
        "the host's network", "pods_are_restricted", change(pod("gateway"), "hostNetwork", to=True)
    ),
    Mutation(
        "a writable root",
        "roots_are_read_only",
        change(gateway, "securityContext", "readOnlyRootFilesystem", to=False),
    ),
    Mutation(
        "a service account's token",
        "pods_have_no_tokens",
        change(pod("worker"), "automountServiceAccountToken", to=True),
    ),
    Mutation(
        "another service account",
        "pods_have_no_tokens",
        change(pod("gateway"), "serviceAccountName", to="clear"),
    ),
    Mutation("no enforcement", "namespaces_enforce_restricted", _namespace_that_only_warns),
    Mutation("a secret in the manifests", "secrets_are_references", _put_secret),
]
