"""The real service with the real model: starting, answering, stopping."""

import importlib.util
import re
import signal
import subprocess
import threading
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from loadtest.ports import free_port
from serving.photos import PHOTOS, Photo
from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.end_to_end.service import CLEARBG, ROOT, Service, environment, running
from tests.reduced_model import FULL_REPOSITORY
from tests.waiting import wait_until


def send(service: Service, data: bytes, **fields: str) -> httpx.Response:
    return httpx.post(
        f"{service.url}/v1/removebg",
        headers={"X-API-Key": service.api_key},
        files={"image": data},
        data=fields,
        timeout=300,
    )


def test_serving_needs_no_torch(service: Service) -> None:
    """Run from an environment without torch, and nothing of it is loaded after an answer."""
    assert importlib.util.find_spec("torch") is None, "run these tests with: make test"
    assert send(service, PHOTO.read_bytes()).status_code == 200
    assert "torch" not in Path(f"/proc/{service.process.pid}/maps").read_text()


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: photo.name)
def test_every_real_photo_is_answered_in_its_own_size(service: Service, photo: Photo) -> None:
    data = photo.read()
    answer = send(service, data)
    assert answer.status_code == 200
    assert answer.headers["x-device"] == "cpu"
    assert answer.headers["x-model-version"].startswith("isnet-general-use-")
    image = Image.open(BytesIO(answer.content))
    assert image.mode == "RGBA"
    assert image.size == Image.open(BytesIO(data)).size
    assert np.ptp(np.asarray(image)[..., 3]) == 255


def test_it_is_ready_and_counts_images_and_errors(service: Service) -> None:
    assert httpx.get(f"{service.operations_url}/healthz").json() == {"status": "ok"}
    assert httpx.get(f"{service.operations_url}/readyz").json() == {"status": "ready"}
    before = service.metric("clearbg_images_total"), service.metric("clearbg_errors_total")
    send(service, PHOTO.read_bytes())
    send(service, b"no image")
    after = service.metric("clearbg_images_total"), service.metric("clearbg_errors_total")
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_operations_are_not_on_the_public_port(service: Service) -> None:
    for path in ("metrics", "healthz", "readyz"):
        assert httpx.get(f"{service.url}/{path}").status_code == 404


def test_a_revoked_key_stops_working(service: Service, tmp_path: Path) -> None:
    data_dir = service.log.parent

    def keys(*arguments: str) -> str:
        command = [str(CLEARBG), "keys", *arguments]
        done = subprocess.run(
            command, env=environment(data_dir), capture_output=True, text=True, check=True
        )
        return done.stdout

    secret = keys("create", "--name", "to be revoked").strip()
    headers = {"X-API-Key": secret}
    url = f"{service.url}/v1/removebg"
    assert httpx.post(url, headers=headers).status_code == 400
    listed = keys("list")
    assert "to be revoked" in listed
    assert secret not in listed
    number = next(line for line in listed.splitlines() if "to be revoked" in line).split()[1]
    keys("revoke", number)
    deadline_s, step_s = 120.0, 0.25
    while httpx.post(url, headers=headers).status_code != 401 and deadline_s > 0:
        threading.Event().wait(step_s)
        deadline_s -= step_s
    assert deadline_s > 0


def sending(service: Service, answers: list[httpx.Response]) -> threading.Thread:
    """A thread whose image is being worked on; `answers` gets the answer."""
    while True:  # a process that stalls here finds that it is done already
        thread = threading.Thread(target=lambda: answers.append(send(service, PHOTO.read_bytes())))
        thread.start()
        while thread.is_alive():
            if service.metric("clearbg_pixels_in_flight"):
                return thread


def test_requests_in_flight_finish_and_a_second_start_shows_no_key(tmp_path: Path) -> None:
    with running(tmp_path, model_repository=FULL_REPOSITORY) as service:
        answers: list[httpx.Response] = []
        thread = sending(service, answers)
        service.process.send_signal(signal.SIGTERM)
        thread.join()
        assert service.process.wait(300) == 0
        assert_cut_out(answers[-1].content)
    with running(tmp_path) as again:
        assert again.api_key == "YOUR_API_KEY"
        assert service.api_key not in again.log.read_text()
        again.api_key = service.api_key
        assert send(again, PHOTO.read_bytes()).status_code == 200


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"http_port": "99999"}, "CLEARBG_HTTP_PORT"),
        ({"precision": "int4"}, "CLEARBG_PRECISION"),
        ({"model_repository": "nowhere"}, "clearbg model build"),
    ],
)
def test_errors_are_reported_in_one_line(
    tmp_path: Path, settings: dict[str, object], hint: str
) -> None:
    ports = {"http_port": free_port(), "operations_port": free_port()}
    done = subprocess.run(
        [CLEARBG, "serve"],
        env=environment(tmp_path, **(ports | settings)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("clearbg:"))
    assert hint in line
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_reported_before_anything_is_written(
    service: Service, tmp_path: Path
) -> None:
    port = service.url.rpartition(":")[2]
    done = subprocess.run(
        [CLEARBG, "serve"],
        env=environment(tmp_path, http_port=port, operations_port=free_port()),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "CLEARBG_HTTP_PORT" in done.stderr
    assert not (tmp_path / "clearbg.db").exists()


def test_requests_of_disconnected_clients_are_cancelled(service: Service) -> None:
    before = service.metric("clearbg_images_total")
    gone = service.metric("clearbg_errors_total")
    photo = PHOTO.read_bytes()
    for _ in range(8):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{service.url}/v1/removebg",
                headers={"X-API-Key": service.api_key},
                files={"image": photo},
                timeout=httpx.Timeout(60, read=0.1),
            )
    assert send(service, photo).status_code == 200
    assert service.metric("clearbg_errors_total") - gone == 8
    assert service.metric("clearbg_images_total") - before == 1


def test_embedded_triton_answers_and_counts_exactly(tmp_path: Path) -> None:
    ports = {"triton_grpc_port": free_port(), "triton_metrics_port": free_port()}
    full = {"model_repository": FULL_REPOSITORY}
    with running(tmp_path, triton="embedded", **full, **ports) as service:
        wait_until(lambda: service.metric("clearbg_breaker_open") == 0, timeout_s=300)
        devices = [send(service, PHOTO.read_bytes()).headers["x-device"] for _ in range(3)]
        assert devices == ["triton-cpu"] * 3
        text = httpx.get(f"http://127.0.0.1:{ports['triton_metrics_port']}/metrics").text
        (count,) = re.findall(r'^nv_inference_count{model="isnet".*} (\d+)', text, re.M)
        probes = service.metric("clearbg_probes_total")
        assert 3 < int(count) <= 3 + probes
        assert_cut_out(send(service, PHOTO.read_bytes()).content)


def test_a_gpu_that_is_required_and_missing_stops_the_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [CLEARBG, "serve"],
        env=environment(
            tmp_path, require_gpu="on", http_port=free_port(), operations_port=free_port()
        ),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert "CLEARBG_REQUIRE_GPU" in done.stderr
