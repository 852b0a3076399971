"""The Kubernetes overlay `local`, as podman plays it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.podman import cut_out, podman, wait_for_http
from tests.end_to_end.astronaut import assert_cut_out
from tests.kubernetes.rendering import overlay

PLAYED = {"ConfigMap", "PersistentVolumeClaim", "Deployment"}
"""The kinds that podman knows, of those that the overlay has."""


@pytest.fixture(scope="module")
def gateway(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The gateway's container; the overlay is played until the tests have ended."""
    path = tmp_path_factory.mktemp("overlay") / "local.yaml"
    path.write_text(yaml.safe_dump_all(o for o in overlay("local") if o["kind"] in PLAYED))
    try:
        podman("play", "kube", str(path))
        names = podman("ps", "--format", "{{.Names}}").split()
        (name,) = [n for n in names if n.startswith("clearbg-gateway-pod") and "-infra" not in n]
        yield name
    finally:
        podman("play", "kube", "--down", str(path), check=False)
        podman("volume", "rm", "--force", "clearbg-data", check=False)


def test_the_overlay_local_cuts_out_a_photo(gateway: str) -> None:
    service = f"http://{address(gateway)}:8080"
    wait_for_http(f"{service}/docs", gateway)
    printed = podman("exec", gateway, "clearbg", "keys", "create", "--json")
    answer = cut_out(service, json.loads(printed)[0]["key"])
    assert_cut_out(answer.raise_for_status().content)


def test_its_root_is_read_only_and_its_data_is_on_the_volume(gateway: str) -> None:
    inspected = json.loads(podman("inspect", gateway))[0]
    assert inspected["HostConfig"]["ReadonlyRootfs"]
    volumes = {m["Destination"]: m.get("Name") for m in inspected["Mounts"]}
    assert volumes["/var/lib/clearbg"] == "clearbg-data"
    place = podman("volume", "inspect", "clearbg-data", "--format", "{{.Mountpoint}}").strip()
    assert (Path(place) / "clearbg.db").exists()


def test_only_this_machine_reaches_its_ports(gateway: str) -> None:
    published = infra_of(gateway)["HostConfig"]["PortBindings"].values()
    assert {binding["HostIp"] for bindings in published for binding in bindings} <= {"127.0.0.1"}


def address(container: str) -> str:
    """Return the address of a container's pod, which this machine reaches."""
    networks = infra_of(container)["NetworkSettings"]["Networks"]
    found: str = next(network["IPAddress"] for network in networks.values())
    return found


def infra_of(container: str) -> dict[str, Any]:
    """Describe the container that has the network and the ports of a container's pod."""
    pod = json.loads(podman("inspect", container))[0]["Pod"]
    infra = json.loads(podman("pod", "inspect", pod))["InfraContainerID"]
    found: dict[str, Any] = json.loads(podman("inspect", infra))[0]
    return found
