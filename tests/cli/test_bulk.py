"""`clearbg bulk` against a service with the fake model."""

import json
import math
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.cli.bulk.state import NAME
from tests.end_to_end.service import CLEARBG
from tests.half_model import HalfModel
from tests.listening import Listening
from tests.rest.cases import Photo
from tests.servers.relay import relaying

pytestmark = pytest.mark.real

TIMEOUT_S = 300


def arguments(folder: Path, url: str, key: str) -> list[str]:
    return [
        "bulk",
        f"{folder / 'photos'}",
        "-o",
        f"{folder / 'out'}",
        "--server",
        url,
        "--key",
        key,
    ]


def bulk(folder: Path, url: str, key: str, *options: str) -> Result:
    """Run the command in this process: a new one would take two seconds to start."""
    return CliRunner().invoke(app, [*arguments(folder, url, key), *options])


def kill(folder: Path, url: str, key: str, when: Callable[[], bool]) -> None:
    """Run the command, and kill it as soon as a condition is true."""
    process = subprocess.Popen([CLEARBG, *arguments(folder, url, key)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not when():
            assert process.poll() is None, "the command ended before"
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        assert process.wait() == -signal.SIGKILL


def fill(folder: Path, count: int, photo: Photo) -> None:
    for number in range(count):
        (folder / "photos" / f"{number:03}.png").write_bytes(photo(8 + number, 8))


def results(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").glob("*.png"))


def state(folder: Path) -> dict[str, list[dict[str, str]]]:
    path = folder / "out" / NAME
    content: dict[str, list[dict[str, str]]] = (
        json.loads(path.read_text()) if path.exists() else {"chunks": []}
    )
    return content


def jobs(service: Listening, key: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{service.url}/v1/bulk?limit=100", headers={"X-API-Key": key})
    listed: list[dict[str, Any]] = answer.raise_for_status().json()["jobs"]
    return listed


def test_a_folder_may_exceed_one_job_and_contain_invalid_files(
    folder: Path, service: Listening, model: HalfModel, photo: Photo
) -> None:
    fill(folder, 60, photo)
    whole = photo(60, 60)
    (folder / "photos" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "photos" / "002.jpg").write_text("no image")
    (folder / "photos" / "notes.txt").write_text("no image")
    key = service.new_key()
    done = bulk(folder, service.url, key, "--size", "6x6")
    assert done.exit_code == 1, done.stderr
    assert done.stdout.splitlines()[-1] == f"{folder / 'out'}  60 of 62 cut out"
    assert "cut.png: The image is cut short" in done.stderr
    assert "002.jpg: The file is not a readable" in done.stderr
    assert sorted(job["image_count"] for job in jobs(service, key)) == [12, 49]
    assert model.calls == 60
    assert len(results(folder)) == 60
    assert not (folder / "out" / NAME).exists()
    alone = httpx.post(
        f"{service.url}/v1/removebg",
        headers={"X-API-Key": key},
        files={"image": (folder / "photos" / "059.png").read_bytes()},
        data={"size": "6x6"},
    )
    assert (folder / "out" / "059.png").read_bytes() == alone.content


def test_a_killed_command_resumes_without_processing_an_image_twice(
    folder: Path, service: Listening, model: HalfModel, photo: Photo
) -> None:
    fill(folder, 60, photo)
    model.most = 20
    key = service.new_key()

    def halfway() -> bool:
        accepted = [chunk["job_id"] for chunk in state(folder)["chunks"]]
        return len(results(folder)) > 5 and len(accepted) == 2 and all(accepted)

    kill(folder, service.url, key, halfway)
    assert len(results(folder)) <= 20
    model.most = math.inf
    done = bulk(folder, service.url, key)
    assert done.exit_code == 0, done.stderr
    assert "exist already" in done.stderr
    assert "60 of 60 cut out" in done.stdout
    assert len(results(folder)) == 60
    assert len(jobs(service, key)) == 2
    assert model.calls == 60
    assert not (folder / "out" / NAME).exists()


def test_the_missing_images_of_a_deleted_job_are_uploaded_again(
    folder: Path, service: Listening, model: HalfModel, photo: Photo
) -> None:
    fill(folder, 12, photo)
    model.most = 4
    key = service.new_key()
    kill(folder, service.url, key, lambda: len(results(folder)) > 0)
    (job,) = jobs(service, key)
    existing = len(results(folder))
    deleted = httpx.delete(f"{service.url}{job['status_url']}", headers={"X-API-Key": key})
    deleted.raise_for_status()
    model.most = math.inf
    done = bulk(folder, service.url, key)
    assert "12 of 12 cut out" in done.stdout
    assert [job["image_count"] for job in jobs(service, key)] == [12 - existing]


def test_an_upload_without_a_response_is_repeated_with_its_idempotency_key(
    folder: Path, service: Listening, photo: Photo
) -> None:
    fill(folder, 3, photo)
    key = service.new_key()
    with relaying(service.http_port) as relay:
        relay.lose = 1_000
        kill(folder, relay.url, key, lambda: len(relay.keys) > 1)
        (chunk,) = state(folder)["chunks"]
        assert not chunk["job_id"]
        relay.lose = 0
        done = bulk(folder, relay.url, key)
    assert "3 of 3 cut out" in done.stdout
    assert set(relay.keys) == {chunk["key"]}
    assert len(relay.keys) > 2
    assert len(jobs(service, key)) == 1


def test_images_that_only_the_service_rejects_fail_without_the_others(
    folder: Path, service: Listening, photo: Photo
) -> None:
    fill(folder, 6, photo)
    (folder / "photos" / "wide.png").write_bytes(photo(600, 600))
    (folder / "photos" / "000.bmp").write_bytes(b"".join((photo(), os.urandom(1_000_000))))
    key = service.new_key()
    done = bulk(folder, service.url, key)
    assert done.exit_code == 1
    assert "6 of 8 cut out" in done.stdout
    assert "wide.png: The image has 600x600 pixels" in done.stderr
    assert "000.bmp: Send an image of at most" in done.stderr


def test_an_interrupted_command_does_not_resume_with_other_options(
    folder: Path, service: Listening, photo: Photo
) -> None:
    fill(folder, 2, photo)
    rejected = bulk(folder, service.url, "cbg_wrong")
    assert rejected.exit_code == 1
    assert "Send a valid API key" in rejected.stderr
    assert "Traceback" not in rejected.stderr
    assert results(folder) == []

    key = service.new_key()
    other = bulk(folder, service.url, key, "--size", "4x4")
    assert other.exit_code == 1
    assert "was started with size=original; use another folder, or --restart" in other.stderr
    assert jobs(service, key) == []
    restarted = bulk(folder, service.url, key, "--size", "4x4", "--restart")
    assert "2 of 2 cut out" in restarted.stdout, restarted.stderr
    again = bulk(folder, service.url, key, "--restart")
    assert "2 of 2 cut out" in again.stdout
    assert len(jobs(service, key)) == 2


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("grpc://127.0.0.1:50051", "k"), "bulk jobs go over HTTP"),
        (("http://127.0.0.1:1", "k", "--size", "big"), "size must be"),
        (("http://127.0.0.1:1", "k", "--bg-image", __file__), "--bg-image: The file is not"),
    ],
)
def test_invalid_arguments_are_rejected_before_the_first_upload(
    folder: Path, photo: Photo, options: tuple[str, ...], hint: str
) -> None:
    fill(folder, 1, photo)
    done = bulk(folder, *options)
    assert done.exit_code == 1
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
