"""The route with a small fake model: every result it can give."""

import base64
import json
import textwrap
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.half_model import HalfModel

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


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


async def test_an_image_may_come_as_base64_in_json_or_a_form(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    as_file = await client.post("/v1/removebg", files={"image": photo()}, data={"crop": "true"})
    text = base64.b64encode(photo()).decode()
    lines = "data:image/png;base64," + "\r\n".join(textwrap.wrap(text.rstrip("="), 64))
    ways: list[dict[str, Any]] = [
        {"json": {"image_b64": text, "crop": True, "size": None}},
        {"json": {"image_b64": lines, "crop": "1", "crop_margin": 0}},
        {"data": {"image_b64": text, "crop": "on"}},
        {"content": f"crop=1&image_b64={text}", "headers": FORM},  # + and / as they are
        {
            "content": json.dumps({"image_b64": text, "crop": 1}).replace("/", "\\/"),
            "headers": JSON,
        },
        {"data": {"image_b64": text, "crop": "true"}, "files": {"other": b""}},
    ]
    for sent in ways:
        answer = await client.post("/v1/removebg", **sent)
        assert answer.content == as_file.content


async def test_base64_with_line_ends_and_escapes_is_read_however_long_it_is(
    client: httpx.AsyncClient,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    lines = base64.encodebytes(file.getvalue()).decode()
    assert lines.count("\n") > 5000
    escaped = json.dumps({"image_b64": lines}).replace("+", "\\u002B").replace("/", "\\/")
    answer = await client.post("/v1/removebg", content=escaped, headers=JSON)
    assert answer.status_code == 200


async def test_json_is_answered_when_it_is_asked_for(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    files = {"image": photo(200, 100)}
    image = await client.post("/v1/removebg", files=files)
    asked = {"Accept": "application/json"}
    answer = await client.post("/v1/removebg", files=files, headers=asked)
    body = answer.json()
    assert base64.b64decode(body.pop("image_b64")) == image.content
    assert body == {
        "media_type": "image/png",
        "width": 200,
        "height": 100,
        "foreground": {"top": 0, "left": 0, "width": 100, "height": 100},
        "confidence": 1.0,
        "model_version": "half-1",
        "device": "cpu",
        "model": "isnet",
    }
    for other in ("*/*", "application/json;q=0", "image/png, application/json;q=0.5", "text/html"):
        answer = await client.post("/v1/removebg", files=files, headers={"Accept": other})
        assert answer.headers["content-type"] == "image/png"


async def test_nothing_found_is_an_answer_too(
    client: httpx.AsyncClient, model: HalfModel, photo: Callable[..., bytes]
) -> None:
    model.level = 100
    sent: dict[str, Any] = {"files": {"image": photo(64, 48)}, "data": {"crop": "true"}}
    answer = await client.post("/v1/removebg", **sent)
    assert answer.status_code == 200
    assert answer.headers["x-confidence"] == "0.000"
    assert not [name for name in answer.headers if name.startswith("x-foreground")]
    assert Image.open(BytesIO(answer.content)).size == (64, 48)
    answer = await client.post("/v1/removebg", **sent, headers={"Accept": "application/json"})
    assert answer.json()["foreground"] is None


@pytest.mark.parametrize(
    ("fields", "mode", "size"),
    [
        ({"channels": "alpha"}, "L", (200, 100)),
        ({"channels": "alpha", "format": "jpg"}, "L", (200, 100)),
        ({"channels": "alpha", "crop": "true", "bg_color": "#F00"}, "L", (100, 100)),
        ({"crop": "true"}, "RGBA", (100, 100)),
        ({"crop": "true", "crop_margin": "10px 5%"}, "RGBA", (110, 120)),
        ({"crop": "true", "crop_margin": "1px 2px 3px 4px"}, "RGBA", (106, 104)),
        ({"crop": "true", "format": "jpg"}, "RGB", (100, 100)),
    ],
)
async def test_crop_and_channels(
    client: httpx.AsyncClient,
    photo: Callable[..., bytes],
    fields: dict[str, str],
    mode: str,
    size: tuple[int, int],
) -> None:
    answer = await client.post("/v1/removebg", files={"image": photo(200, 100)}, data=fields)
    image = Image.open(BytesIO(answer.content))
    assert (image.mode, image.size) == (mode, size)
    assert (answer.headers["x-width"], answer.headers["x-height"]) == tuple(map(str, size))


async def test_a_picture_may_lie_behind(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    behind = BytesIO()
    Image.new("RGB", (30, 300), (0, 0, 255)).save(behind, "PNG")
    files = {"image": photo(200, 100), "bg_image": behind.getvalue()}
    answer = await client.post("/v1/removebg", files=files)
    pixels = np.asarray(Image.open(BytesIO(answer.content)))
    assert pixels.shape == (100, 200, 3)
    assert np.all(pixels[:, 102:] == (0, 0, 255))


async def test_a_long_file_name_is_cut(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    answer = await client.post("/v1/removebg", files={"image": ("ä" * 1500 + ".png", photo())})
    assert len(answer.headers["content-disposition"]) < 700


async def test_a_transparent_backdrop_leaves_no_hidden_colours(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    behind = BytesIO()
    Image.new("RGBA", (30, 30), (10, 20, 30, 0)).save(behind, "PNG")
    files = {"image": photo(200, 100), "bg_image": behind.getvalue()}
    pixels = np.asarray(
        Image.open(BytesIO((await client.post("/v1/removebg", files=files)).content))
    )
    assert pixels.shape == (100, 200, 4)
    assert not pixels[pixels[..., 3] == 0].any()


async def test_a_zip_recomposes_to_the_png(
    client: httpx.AsyncClient, photo: Callable[..., bytes]
) -> None:
    files = {"image": photo(200, 100)}
    png = await client.post("/v1/removebg", files=files)
    answer = await client.post("/v1/removebg", files=files, data={"format": "zip"})
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith("-cutout.zip")
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        image = Image.open(archive.open("color.jpg"))
        image.putalpha(Image.open(archive.open("alpha.png")))
    expected = np.asarray(Image.open(BytesIO(png.content)), np.int16)
    assert np.array_equal(np.asarray(image)[..., 3], expected[..., 3])
    seen = expected[..., 3] > 0
    assert np.abs(np.asarray(image, np.int16) - expected)[seen].mean() < 2


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
