"""The compose file, with images that were built here."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from loadtest.ports import free_port
from tests.containers.podman import Compose, api, health_checks
from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.waiting import wait_until

WITHIN_S = 600
SERVICES = {"gateway", "worker", "triton", "postgres", "valkey", "s3"}
HTTP_PORT = str(free_port())
SETTINGS = {
    "POSTGRES_PASSWORD": "only-for-tests",
    "S3_SECRET_KEY": "only-for-tests",
    "COMPOSE_PROJECT_NAME": f"clearbg-{HTTP_PORT}",
    "HTTP_PORT": HTTP_PORT,
    "GRPC_PORT": str(free_port()),
    "REQUEST_TIMEOUT_S": "300",
}


@pytest.fixture(scope="module")
def compose(image: str) -> Iterator[Compose]:
    with TemporaryDirectory() as folder, api(Path(folder) / "podman.sock"):
        made = Compose(Path(folder) / "podman.sock", SETTINGS)
        try:
            with health_checks():
                made.run("up", "--detach", "--no-build")
                yield made
        finally:
            made.run("down", "--volumes", "--timeout", "60")


@pytest.fixture(scope="module")
def client(compose: Compose) -> Iterator[httpx.Client]:
    printed = compose.run("exec", "-T", "gateway", "clearbg", "keys", "create", "--json")
    key = json.loads(printed)[0]["key"]
    url, headers = f"http://127.0.0.1:{HTTP_PORT}", {"X-API-Key": key}
    with httpx.Client(base_url=url, headers=headers, timeout=WITHIN_S) as made:
        wait_until(lambda: answers(made), compose_logs(compose), timeout_s=WITHIN_S)
        yield made


def compose_logs(compose: Compose) -> Callable[[], str]:
    return lambda: compose.run("logs", "--tail", "50")


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/docs").is_success
    except httpx.TransportError:
        return False


def test_every_profile_is_valid(compose: Compose) -> None:
    services = compose.run("--profile", "gpu", "--profile", "observability", "config", "--services")
    assert set(services.split()) == SERVICES | {"triton-gpu", "prometheus", "grafana"}


def test_a_photo_is_cut_out(client: httpx.Client) -> None:
    answer = client.post("/v1/removebg", files={"image": PHOTO.read_bytes()})
    assert_cut_out(answer.raise_for_status().content)


# The gateway leaves jobs to the worker, and shares nothing else with it.
def test_a_bulk_job_runs_through_postgresql_and_s3(compose: Compose, client: httpx.Client) -> None:
    photos = [("images", (f"{n}.jpg", PHOTO.read_bytes())) for n in range(2)]
    job = client.post("/v1/bulk", files=photos).raise_for_status().json()["job_id"]

    def has_ended() -> bool:
        return bool(client.get(f"/v1/bulk/{job}").json()["status"] == "completed")

    wait_until(has_ended, compose_logs(compose), timeout_s=WITHIN_S, every_s=0.5)
    items = client.get(f"/v1/bulk/{job}").json()["items"]
    assert len(items) == 2
    for item in items:
        assert_cut_out(client.get(item["result_url"]).raise_for_status().content)


def test_triton_computes_the_masks(client: httpx.Client) -> None:
    def device() -> str:
        unknown = PHOTO.read_bytes() + os.urandom(8)  # whose mask is not in the cache
        answer = client.post("/v1/removebg", files={"image": unknown})
        return str(answer.raise_for_status().headers["x-device"])

    wait_until(lambda: device() == "triton-cpu", timeout_s=WITHIN_S, every_s=1)


def test_limits_are_counted_in_valkey(compose: Compose, client: httpx.Client) -> None:
    client.post("/v1/removebg", files={"image": PHOTO.read_bytes()}).raise_for_status()
    assert compose.run("exec", "-T", "valkey", "valkey-cli", "-n", "0", "dbsize").strip() != "0"
