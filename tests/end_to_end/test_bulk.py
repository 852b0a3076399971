"""Bulk jobs against the real service with the real model."""

import io
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from loadtest.ports import free_port
from serving.photos import PHOTOS
from tests.end_to_end.service import Service, running

TIMEOUT_S = 600


def client(service: Service) -> httpx.Client:
    return httpx.Client(base_url=service.url, headers={"X-API-Key": service.api_key}, timeout=300)


def wait(api: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job, once it has ended."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        job: dict[str, Any] = api.get(f"/v1/bulk/{job_id}").raise_for_status().json()
        if job["finished_at"]:
            return job
        time.sleep(0.2)
    raise AssertionError(f"it did not end: {job}")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the reduced model: there are many images."""
    with running(tmp_path_factory.mktemp("service")) as service:
        yield service


def encoded(image: Image.Image, format_: str) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **({"lossless": True} if format_ == "WEBP" else {}))
    return out.getvalue()


def files() -> list[tuple[str, bytes]]:
    """22 images: real photos, crops and enlargements of several formats; one is cut short."""
    found: list[tuple[str, bytes]] = []
    for photo in PHOTOS[:4]:
        whole = Image.fromarray(photo.pixels())
        half = whole.crop((0, 0, whole.width // 2, whole.height // 2))
        for format_, image in (
            ("JPEG", whole),
            ("PNG", half),
            ("WEBP", half),
            ("BMP", half.resize((200, 150))),
            ("JPEG", half.resize((half.width * 3 // 2, half.height * 3 // 2))),
        ):
            found.append((f"photo {len(found)}.{format_.lower()}", encoded(image, format_)))
    found.append(("last.gif", encoded(Image.fromarray(PHOTOS[0].pixels()), "GIF")))
    found.append(("cut.png", found[1][1][: len(found[1][1]) // 2]))
    assert len(found) == 22
    return found


def test_a_job_of_22_images_with_a_damaged_one(service: Service) -> None:
    sent = files()
    with client(service) as api:
        answer = api.post(
            "/v1/bulk",
            files=[("images", file) for file in sent],
            data={"size": "300x300", "custom_id": ["a", "a", "../b"], "metadata": '{"order": 7}'},
        )
        assert answer.status_code == 202, answer.text
        told = answer.json()
        assert (told["status"], told["image_count"]) == ("processing", 22)
        assert told["job_id"].startswith("job_")
        assert answer.headers["location"] == f"/v1/bulk/{told['job_id']}"

        job = wait(api, told["job_id"])
        assert job["status"] == "partial"
        assert job["counts"] == {
            "total": 22,
            "pending": 0,
            "succeeded": 21,
            "failed": 1,
            "canceled": 0,
        }
        assert job["metadata"] == {"order": 7}
        damaged = job["items"][21]
        assert damaged["problem"]["type"] == "/problems/bad-image"
        assert api.get(f"/v1/bulk/{job['job_id']}/items/21").status_code == 404

        for number in (0, 1, 2, 20):
            alone = api.post(
                "/v1/removebg", files={"image": sent[number]}, data={"size": "300x300"}
            )
            result = api.get(job["items"][number]["result_url"])
            assert result.content == alone.content
            assert result.headers["content-type"] == "image/png"

        whole = zipfile.ZipFile(io.BytesIO(api.get(job["archive_url"]).content))
        assert whole.testzip() is None
        names = whole.namelist()
        assert names[:4] == ["a.png", "a-2.png", "_b.png", "photo_3.png"]
        assert len(set(names)) == 21
        assert all("/" not in name and not name.startswith(".") for name in names)
        assert whole.read("a.png") == api.get(job["items"][0]["result_url"]).content


def test_a_restarted_service_resumes_its_jobs(tmp_path: Path) -> None:
    image = ("photo.jpg", encoded(Image.fromarray(PHOTOS[0].pixels()), "JPEG"))
    ports = {"operations_port": free_port()}  # a restarted service is known by it
    with running(tmp_path, **ports) as first, client(first) as api:
        job_id = api.post("/v1/bulk", files=[("images", image)] * 12).json()["job_id"]
        key = first.api_key
        while api.get(f"/v1/bulk/{job_id}").json()["counts"]["succeeded"] < 3:
            time.sleep(0.05)
        first.process.terminate()
        assert first.process.wait(60) == 0
    with running(tmp_path, **ports) as second:
        second.api_key = key
        with client(second) as api:
            job = wait(api, job_id)
            assert job["status"] == "completed"
            results = {api.get(item["result_url"]).content for item in job["items"]}
            assert len(results) == 1
    assert not list((tmp_path / "bulk" / job_id / "in").glob("*"))
    engine = database.connect(f"sqlite:///{tmp_path / 'clearbg.db'}")
    assert [key.images for key in KeyStore(engine).list()] == [12]
    engine.dispose()
