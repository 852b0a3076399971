"""The route with a small fake model: every answer it can give."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.errors import ModelUnavailable, Overloaded
from gateway.images import decode
from gateway.removal import Remover
from gateway.rest import app
from gateway.settings import Settings
from tests.half_model import HalfModel

Post = Callable[..., Any]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        max_image_bytes=1_000_000,
        max_image_pixels=250_000,
        max_megapixels_in_flight=1,
        request_timeout_s=2,
    )


@pytest.fixture
def model() -> HalfModel:
    return HalfModel()


@pytest.fixture
def keys(settings: Settings) -> KeyStore:
    return KeyStore(database.connect(settings.database))


@pytest.fixture
async def client(
    model: HalfModel, settings: Settings, keys: KeyStore
) -> AsyncIterator[httpx.AsyncClient]:
    remover = Remover(model, settings)
    transport = httpx.ASGITransport(app.public(remover, keys, settings), raise_app_exceptions=False)
    headers = {"X-API-Key": keys.create("tests")[1]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://gateway", headers=headers
    ) as client:
        yield client
    remover.close()


async def test_the_left_half_is_cut_out(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    answer = await client.post("/v1/removebg", files={"image": ("my cat.jpg", photo(200, 100))})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "inline; filename*=utf-8''my%20cat-cutout.png"
    said = {name: answer.headers[f"x-{name}"] for name in ("width", "height", "device")}
    assert said == {"width": "200", "height": "100", "device": "cpu"}
    assert answer.headers["x-model-version"] == "half-1"
    box = [answer.headers[f"x-foreground-{side}"] for side in ("top", "left", "width", "height")]
    assert box == ["0", "0", "100", "100"]
    stages = [part.split(";")[0] for part in answer.headers["server-timing"].split(", ")]
    assert stages == ["decode", "queue", "infer", "compose", "encode"]
    image = Image.open(BytesIO(answer.content))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (200, 100))
    pixels = np.asarray(image)
    original = np.asarray(Image.open(BytesIO(photo(200, 100))))
    assert np.array_equal(pixels[:, :99, :3], original[:, :99])
    assert np.all(pixels[:, :99, 3] == 255)
    assert np.all(pixels[:, 101:] == 0)


@pytest.mark.parametrize(
    ("fields", "format_", "mode", "size", "right"),
    [
        ({"format": "jpg"}, "JPEG", "RGB", (400, 200), (255, 255, 255)),
        ({"bg_color": "#00F"}, "PNG", "RGB", (400, 200), (0, 0, 255)),
        ({"bg_color": "#00FF00", "format": "jpg"}, "JPEG", "RGB", (400, 200), (0, 255, 0)),
        ({"size": "100x100"}, "PNG", "RGBA", (100, 50), (0, 0, 0, 0)),
        ({"size": "4k"}, "PNG", "RGBA", (400, 200), (0, 0, 0, 0)),
        ({"bg_color": "#00FF0080"}, "PNG", "RGBA", (400, 200), (0, 255, 0, 128)),
        ({"format": "webp"}, "WEBP", "RGBA", (400, 200), (0, 0, 0, 0)),
        ({"format": "webp", "bg_color": "#000"}, "WEBP", "RGB", (400, 200), (0, 0, 0)),
        ({"format": "jpeg", "bg_color": "#FF000000"}, "JPEG", "RGB", (400, 200), (255, 255, 255)),
    ],
)
async def test_options_do_what_they_say(
    client: httpx.AsyncClient,
    photo: Callable[..., bytes],
    fields: dict[str, str],
    format_: str,
    mode: str,
    size: tuple[int, int],
    right: tuple[int, ...],
) -> None:
    answer = await client.post("/v1/removebg", files={"image": photo(400, 200)}, data=fields)
    image = Image.open(BytesIO(answer.content))
    assert (image.format, image.mode, image.size) == (format_, mode, size)
    corner = np.asarray(image)[-1, -1].astype(int)
    assert np.abs(corner - right).max() <= 2


@pytest.mark.parametrize(
    ("request_", "status", "slug", "hint"),
    [
        pytest.param({}, 400, "bad-request", "multipart", id="no form"),
        pytest.param({"json": {}}, 400, "bad-request", "multipart", id="json"),
        pytest.param(
            {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
            400,
            "bad-request",
            "boundary",
            id="no boundary",
        ),
        pytest.param({"files": {"photo": b"x"}}, 400, "bad-image", "`image`", id="another field"),
        pytest.param({"files": {"image": b""}}, 400, "bad-image", "empty", id="empty file"),
        pytest.param({"files": {"image": b"x"}}, 400, "bad-image", "JPEG, PNG", id="no image"),
        pytest.param(
            {"files": [("image", b"x"), ("image", b"y")]}, 400, "bad-image", "one", id="two files"
        ),
        pytest.param(
            {"files": {"image": b"1" * 1_000_001}}, 413, "image-too-large", "MB", id="bytes"
        ),
        pytest.param(
            {"files": {"image": b"1" * 1_200_000}}, 413, "image-too-large", "MB", id="announced"
        ),
        pytest.param(
            {"files": {"image": (501, 500)}}, 400, "too-many-pixels", "0.25 mega", id="pixels"
        ),
        pytest.param(
            {"files": {"image": (8, 8)}, "data": {"size": "big"}}, 400, "bad-option", "4k", id="opt"
        ),
        pytest.param(
            {"files": {"image": (8, 8)}, "headers": {"X-API-Key": "cbg_wrong"}},
            401,
            "invalid-key",
            "X-API-Key",
            id="wrong key",
        ),
        pytest.param(
            {"files": {"image": (8, 8)}, "headers": {"X-API-Key": ""}},
            401,
            "invalid-key",
            "X-API-Key",
            id="no key",
        ),
    ],
)
async def test_the_callers_mistakes(
    client: httpx.AsyncClient,
    model: HalfModel,
    photo: Callable[..., bytes],
    request_: dict[str, Any],
    status: int,
    slug: str,
    hint: str,
) -> None:
    files = request_.get("files")
    if isinstance(files, dict) and isinstance(files.get("image"), tuple):
        request_ = request_ | {"files": {"image": photo(*files["image"])}}

    answer = await client.post("/v1/removebg", **request_)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert hint in body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    assert model.calls == 0


@pytest.mark.parametrize(
    ("fail", "status", "slug", "retry_after"),
    [
        (Overloaded("9 images are in front of this one.", 3.2), 503, "overloaded", "4"),
        (ModelUnavailable("The service is stopping.", 5), 503, "model-unavailable", "5"),
        (RuntimeError("secret path /srv/x"), 500, "internal", None),
    ],
)
async def test_our_own_failures(
    client: httpx.AsyncClient,
    model: HalfModel,
    photo: Callable[..., bytes],
    fail: Exception,
    status: int,
    slug: str,
    retry_after: str | None,
) -> None:
    model.fail = fail
    answer = await client.post("/v1/removebg", files={"image": photo()})
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{slug}"
    assert answer.headers.get("retry-after") == retry_after
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_an_answer_that_takes_too_long_is_given_up(
    client: httpx.AsyncClient, model: HalfModel, photo: Callable[..., bytes]
) -> None:
    model.delay_s = 60
    answer = await client.post("/v1/removebg", files={"image": photo()})
    assert answer.status_code == 504
    assert answer.json()["type"] == "/problems/deadline-exceeded"


async def test_work_that_was_given_up_counts_until_its_thread_is_done(
    client: httpx.AsyncClient, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can stop a thread: until it ends, its memory leaves no place for others."""
    running, finish = threading.Event(), threading.Event()

    def slow(*args: object) -> None:
        running.set()
        finish.wait(10)

    monkeypatch.setattr(decode, "decode", slow)
    first = asyncio.create_task(client.post("/v1/removebg", files={"image": photo(500, 500)}))
    await asyncio.to_thread(running.wait, 10)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert REGISTRY.get_sample_value("clearbg_pixels_in_flight") == 250_000
    finish.set()
    async with asyncio.timeout(10):
        while REGISTRY.get_sample_value("clearbg_pixels_in_flight"):  # noqa: ASYNC110 (a thread)
            await asyncio.sleep(0.01)


async def test_more_megapixels_than_fit_are_refused_at_once(
    client: httpx.AsyncClient, model: HalfModel, photo: Callable[..., bytes]
) -> None:
    model.delay_s = 0.2
    statuses: list[int] = []

    async def send() -> None:
        answer = await client.post("/v1/removebg", files={"image": photo(500, 500)})
        statuses.append(answer.status_code)

    async with anyio.create_task_group() as group:
        for _ in range(6):  # of 0.25 MP each, where 1 MP may be in flight
            group.start_soon(send)
    assert sorted(statuses) == [200] * 4 + [503] * 2


async def test_a_large_upload_is_never_written_to_disk(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("an upload was written to disk")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, "PNG", compress_level=0)
    large = out.getvalue() + b"\0" * (990_000 - len(out.getvalue()))
    answer = await client.post("/v1/removebg", files={"image": large})
    assert answer.status_code == 200


async def test_a_clients_request_id_is_kept_when_it_is_safe(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    for sent, kept in (("order-17/3", True), ("a b\tc", False), ("x" * 200, False)):
        answer = await client.post(
            "/v1/removebg", files={"image": photo()}, headers={"X-Request-Id": sent}
        )
        assert (answer.headers["x-request-id"] == sent) is kept


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere")).json()["title"] == "Not Found"
    answer = await client.get("/v1/removebg")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_more_upload_bytes_than_fit_are_refused_before_they_are_read(
    model: HalfModel, settings: Settings, keys: KeyStore, photo: Callable[..., bytes]
) -> None:
    small = settings.model_copy(update={"max_upload_bytes_in_flight": 1_500_000})
    remover = Remover(model, small)
    transport = httpx.ASGITransport(app.public(remover, keys, small))
    headers = {
        "X-API-Key": keys.create("uploads")[1],
        "Content-Type": "multipart/form-data; boundary=b",
    }
    stalled = asyncio.Event()

    async def never_ends() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        stalled.set()
        await asyncio.sleep(60)

    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        first = asyncio.create_task(
            client.post("/v1/removebg", content=never_ends(), headers=headers)
        )
        await stalled.wait()
        second = await client.post("/v1/removebg", content=b"x" * 900_000, headers=headers)
        assert second.status_code == 503
        assert (await first).status_code == 504
    remover.close()
