"""The image of gateway and worker, run as its users are advised to."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

from loadtest.ports import free_port
from tests.containers.podman import container, cut_out, logs, podman, wait_for_http
from tests.end_to_end.astronaut import assert_cut_out
from tests.waiting import wait_until

MAX_MB = 700
"""Without the model, base image included."""
METRICS = "http://127.0.0.1:8081/metrics"


def published(port: int) -> tuple[str, ...]:
    settings = {"REQUEST_TIMEOUT_S": 300, "SHUTDOWN_TIMEOUT_S": 300, "MASK_CACHE_MB": 0}
    variables = (f"--env=CLEARBG_{name}={value}" for name, value in settings.items())
    return (f"--publish=127.0.0.1:{port}:8080", *variables)


def welcome_key(name: str) -> str:
    wait_until(lambda: "X-API-Key" in logs(name), lambda: logs(name))
    found = re.search(r'X-API-Key: (\S+)"', logs(name))
    assert found
    return found[1]


def test_the_image_is_small_and_lists_its_packages(image: str) -> None:
    inspected = json.loads(podman("image", "inspect", image))[0]
    labels = inspected["Labels"]
    shell = ("run", "--rm", "--entrypoint", "sh", image, "-c")
    model = int(podman(*shell, "du -sb /opt/models | cut -f1"))
    megabytes = (inspected["Size"] - model) / 1e6
    print(f"{megabytes:.0f} MB, and {model / 1e6:.0f} MB of model")  # noqa: T201 (for -s)
    assert megabytes <= MAX_MB
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    packages = json.loads(podman(*shell, f"cat {labels['clearbg.sbom']}"))
    names = {component["name"] for component in packages["components"]}
    assert {"clearbg", "openvino", "fastapi"} <= names
    assert not {"torch", "pip", "uv"} & names
    assert podman(*shell, "command -v gcc cc uv pip || true") == ""


def test_a_read_only_container_cuts_out_a_photo_and_finishes_it_on_sigterm(image: str) -> None:
    port, started = free_port(), time.monotonic()
    service = f"http://127.0.0.1:{port}"
    with container(image, "serve", "--welcome", options=published(port)) as name:
        wait_for_http(f"{service}/docs", name)
        key = welcome_key(name)
        assert_cut_out(cut_out(service, key).raise_for_status().content)
        seconds = time.monotonic() - started
        print(f"a cut-out {seconds:.1f} s after podman run")  # noqa: T201 (for -s)
        with ThreadPoolExecutor() as pool:
            pending = pool.submit(cut_out, service, key)
            wait_until(lambda: in_flight(name) == 1)
            podman("stop", "--time", "300", name)
            assert pending.result().status_code == 200
        assert podman("inspect", name, "--format", "{{.State.ExitCode}}").strip() == "0"
        assert "Traceback" not in logs(name)


def in_flight(name: str) -> float:
    """Return the number of requests that the container is answering, from its metrics."""
    code = f"from urllib.request import urlopen; print(urlopen({METRICS!r}).read().decode())"
    text = podman("exec", name, "python3", "-c", code)
    return sum(map(float, re.findall(r"^clearbg_requests_in_flight{.*} (\S+)", text, re.M)))


def test_the_processes_have_no_rights_and_see_their_limits(image: str) -> None:
    with container(image, "worker") as name:
        wait_until(
            lambda: "ClearBG does bulk jobs" in logs(name), lambda: logs(name), timeout_s=600
        )
        status = podman("exec", name, "cat", "/proc/1/status")
        assert re.search(r"^Uid:\s+10001\s+10001", status, re.M)
        assert re.search(r"^CapEff:\s+0+$", status, re.M)
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
        podman("healthcheck", "run", name)
        report = podman("exec", name, "clearbg", "doctor")
        assert "isnet-general-use" in report
        podman("stop", "--time", "300", name)
        assert podman("inspect", name, "--format", "{{.State.ExitCode}}").strip() == "0"


def test_a_quota_of_cores_is_what_the_service_counts(image: str) -> None:
    count = "from serving.cores import available_cores; print(available_cores())"
    with container(image, "-c", count, options=("--cpus", "1", "--entrypoint", "python3")) as name:
        podman("wait", name)
        assert logs(name).strip().splitlines()[-1] == "1"
