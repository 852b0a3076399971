"""The Kubernetes overlay `local`, as podman plays it."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.containers.podman import podman, wait_for_http
from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.kubernetes.rendering import overlay

PLAYED = {"ConfigMap", "PersistentVolumeClaim", "Deployment"}
"""The kinds that podman knows, of those that the overlay has."""
CONTAINER = "clearbg-gateway-pod-gateway"


@pytest.fixture(scope="module")
def file(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The overlay's file; it is played until the tests have ended."""
    path = tmp_path_factory.mktemp("overlay") / "local.yaml"
    path.write_text(yaml.safe_dump_all(o for o in overlay("local") if o["kind"] in PLAYED))
    try:
        podman("play", "kube", str(path))
        yield path
    finally:
        podman("play", "kube", "--down", str(path), check=False)
        podman("volume", "rm", "--force", "clearbg-data", check=False)


@pytest.mark.usefixtures("file")
def test_the_overlay_local_cuts_out_a_photo() -> None:
    service = f"http://{address()}:8080"
    wait_for_http(f"{service}/docs", CONTAINER)
    printed = podman("exec", CONTAINER, "clearbg", "keys", "create", "--json")
    answer = httpx.post(
        f"{service}/v1/removebg",
        headers={"X-API-Key": json.loads(printed)[0]["key"]},
        files={"image": PHOTO.read_bytes()},
        timeout=300,
    )
    assert_cut_out(answer.raise_for_status().content)


@pytest.mark.usefixtures("file")
def test_its_root_is_read_only_and_its_data_is_on_the_volume() -> None:
    inspected = json.loads(podman("inspect", CONTAINER))[0]
    assert inspected["HostConfig"]["ReadonlyRootfs"]
    volumes = {m["Destination"]: m.get("Name") for m in inspected["Mounts"]}
    assert volumes["/var/lib/clearbg"] == "clearbg-data"
    place = podman("volume", "inspect", "clearbg-data", "--format", "{{.Mountpoint}}").strip()
    assert (Path(place) / "clearbg.db").exists()


def address() -> str:
    """Return the pod's address, which the machine of a root's podman reaches."""
    inspected = json.loads(podman("pod", "inspect", "clearbg-gateway-pod"))
    infra = json.loads(podman("inspect", inspected["InfraContainerID"]))[0]
    networks = infra["NetworkSettings"]["Networks"]
    found: str = next(network["IPAddress"] for network in networks.values())
    return found
