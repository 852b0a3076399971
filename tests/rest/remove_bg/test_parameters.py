"""remove.bg's parameters, row by row, on the fake model whose left half is foreground."""

import base64
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from gateway.options import Area
from gateway.options import parse as parse_own
from gateway.rest.remove_bg import parameters
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.gateway import Gateway, serving
from tests.rest.remove_bg.client import URL, opened, remove
from tests.servers.web import answering

Photo = Callable[..., bytes]


async def test_an_image_comes_as_a_file_as_base64_or_by_url_in_any_body(
    client: httpx.AsyncClient, photo: Photo
) -> None:
    expected = (await remove(client, photo())).content
    text = base64.b64encode(photo()).decode()
    bodies: list[dict[str, Any]] = [
        {"data": {"image_file_b64": text}},
        {"json": {"image_file_b64": text, "crop": False, "scale": None}},
        {"data": {"image_file_b64": text}, "files": {"unused": b""}},
    ]
    for body in bodies:
        assert (await client.post(URL, **body)).content == expected


@pytest.mark.parametrize(
    ("size", "format_", "max_pixels"),
    [
        ("", "", 250_000),
        ("preview", "jpg", 250_000),
        ("small", "png", 250_000),
        ("regular", "png", 250_000),
        ("medium", "png", 1_500_000),
        ("hd", "png", 4_000_000),
        ("full", "png", 10_000_000),
        ("full", "jpg", 25_000_000),
        ("full", "zip", 25_000_000),
        ("4k", "webp", 25_000_000),
        ("50MP", "png", 10_000_000),
        ("50MP", "zip", 50_000_000),
        ("auto", "auto", 10_000_000),
        ("auto", "jpg", 50_000_000),
    ],
)
def test_sizes_are_megapixels_and_less_for_png(size: str, format_: str, max_pixels: int) -> None:
    options = parameters.parse({"size": size, "format": format_}, has_backdrop=False)
    assert options.size == Area(max_pixels)


async def test_the_default_is_a_preview_as_png(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    large = settings.model_copy(update={"max_image_pixels": 2_000_000})
    async with serving(model, large) as gateway:
        image = opened(await remove(gateway.client, photo(1000, 1000)))
        assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (500, 500))


async def test_images_come_from_urls_where_that_is_on(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async def image(request: web.Request) -> web.Response:
        return web.Response(body=photo(64, 48))

    on = settings.model_copy(update={"image_urls": "on", "image_url_networks": "127.0.0.1/32"})
    async with serving(model, on) as gateway, answering(image) as address:
        url = f"http://{address}/photo.png"
        plain = (await remove(gateway.client, photo(64, 48))).content
        bodies: list[dict[str, Any]] = [{"json": {"image_url": url}}, {"data": {"image_url": url}}]
        for body in bodies:
            assert (await gateway.client.post(URL, **body)).content == plain
        answer = await remove(gateway.client, photo(64, 48), bg_image_url=url)
        assert answer.headers["content-type"] == "image/jpeg"


async def test_what_a_form_leaves_empty_does_not_count(
    client: httpx.AsyncClient, photo: Photo
) -> None:
    expected = (await remove(client, photo())).content
    left_empty = {"bg_image_file": ("", b""), "image_file": ("a.png", photo())}
    part = b'--b\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n'
    body = b"".join(part % (n.encode(), f.encode(), d) for n, (f, d) in left_empty.items())
    answer = await client.post(
        URL,
        content=body + b"--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.content == expected


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, "image/png"),
        ({"format": "png"}, "image/png"),
        ({"format": "jpg"}, "image/jpeg"),
        ({"format": "webp"}, "image/webp"),
        ({"format": "zip"}, "application/zip"),
        ({"bg_color": "fff"}, "image/jpeg"),
        ({"bg_color": "81d4fa77"}, "image/png"),
        ({"bg_color": "red", "channels": "alpha"}, "image/png"),
        ({"bg_color": "red", "format": "png"}, "image/png"),
    ],
)
async def test_auto_is_jpg_where_nothing_is_transparent(
    client: httpx.AsyncClient, photo: Photo, fields: dict[str, str], kind: str
) -> None:
    assert (await remove(client, photo(), **fields)).headers["content-type"] == kind


@pytest.mark.parametrize(
    ("kind", "level", "said"),
    [("", "", "other"), ("car", "1", "other"), ("person", "latest", "other"), ("", "none", None)],
)
async def test_subjects_are_not_classified(
    client: httpx.AsyncClient, photo: Photo, kind: str, level: str, said: str | None
) -> None:
    answer = await remove(client, photo(), type=kind, type_level=level)
    assert answer.headers.get("x-type") == said


async def test_channels_alpha_is_a_grey_matte(client: httpx.AsyncClient, photo: Photo) -> None:
    assert opened(await remove(client, photo(), channels="alpha")).mode == "L"


@pytest.mark.parametrize("value", ["true", "false"])
async def test_semitransparency_is_accepted(
    client: httpx.AsyncClient, photo: Photo, value: str
) -> None:
    await remove(client, photo(), semitransparency=value)


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("fff", (255, 255, 255, 255)),
        ("#81d4fa", (129, 212, 250, 255)),
        ("81d4fa77", (129, 212, 250, 119)),
        ("f008", (255, 0, 0, 136)),
        ("green", (0, 128, 0, 255)),
        ("RebeccaPurple", (102, 51, 153, 255)),
    ],
)
def test_background_colours(text: str, color: tuple[int, ...]) -> None:
    assert parameters.parse({"bg_color": text}, has_backdrop=False).bg_color == color
    assert parse_own({"bg_color": text}).bg_color == color


async def test_a_background_file_covers_the_result(client: httpx.AsyncClient, photo: Photo) -> None:
    blue = BytesIO()
    Image.new("RGB", (30, 90), (0, 0, 255)).save(blue, "PNG")
    files = {"image_file": photo(200, 100), "bg_image_file": blue.getvalue()}
    answer = await client.post(URL, files=files)
    assert answer.headers["content-type"] == "image/jpeg"
    corner = np.asarray(opened(answer))[99, 199]
    assert np.abs(corner.astype(int) - (0, 0, 255)).max() <= 2


async def test_json_is_answered_when_it_is_asked_for(
    client: httpx.AsyncClient, photo: Photo
) -> None:
    image = await remove(client, photo(200, 100))
    answer = await remove(client, photo(200, 100), headers={"Accept": "application/json"})
    data = answer.json()["data"]
    assert base64.b64decode(data.pop("result_b64")) == image.content
    box = {f"foreground_{side}": size for side, size in (("top", 0), ("left", 0))}
    assert data == box | {"foreground_width": 100, "foreground_height": 100}
    assert answer.headers["x-credits-charged"] == "1"
    assert answer.headers["x-type"] == "other"


async def test_headers_say_what_remove_bg_says(client: httpx.AsyncClient, photo: Photo) -> None:
    said = (await remove(client, photo(200, 100))).headers
    for name, value in {
        "x-type": "other",
        "x-width": "200",
        "x-height": "100",
        "x-foreground-top": "0",
        "x-foreground-left": "0",
        "x-foreground-width": "100",
        "x-foreground-height": "100",
        "x-credits-charged": "1",
        "x-ratelimit-limit": "500",
    }.items():
        assert said[name] == value
    assert int(said["x-ratelimit-remaining"]) < 500
    assert int(said["x-ratelimit-reset"]) > 1_700_000_000
    assert "retry-after" not in said


@pytest.mark.parametrize(
    "more", [{}, {"bg_color": "red"}, {"shadow_type": "drop"}, {"bg_color": "0f08", "crop": "true"}]
)
async def test_a_zip_recomposes_to_the_png(
    client: httpx.AsyncClient, photo: Photo, more: dict[str, str]
) -> None:
    """As remove.bg's clients do it: the alpha becomes the fourth channel of the colours."""
    fields = {"scale": "70%", "size": "full"} | more
    answer = await remove(client, photo(300, 200), format="png", **fields)
    png = np.asarray(opened(answer).convert("RGBA"))
    answer = await remove(client, photo(300, 200), format="zip", **fields)
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        image = Image.open(archive.open("color.jpg"))
        image.putalpha(Image.open(archive.open("alpha.png")))
    recomposed = np.asarray(image)
    assert np.array_equal(recomposed[..., 3], png[..., 3])
    seen = png[..., 3] > 0
    difference = np.abs(recomposed.astype(int) - png)[seen]
    assert difference.mean() < 2


async def test_the_account_has_credits_without_end(client: httpx.AsyncClient) -> None:
    attributes = (await client.get("/v1.0/account")).json()["data"]["attributes"]
    assert set(attributes["credits"]) == {"total", "subscription", "payg", "enterprise"}
    assert attributes["credits"]["total"] >= 1_000_000
    assert attributes["api"] == {"free_calls": 1_000_000, "sizes": "all"}


async def test_a_key_may_come_as_a_bearer_token(gateway: Gateway, photo: Photo) -> None:
    client = gateway.client
    bearer = {"Authorization": f"Bearer {client.headers.pop('X-API-Key')}"}
    await remove(client, photo(), headers=bearer)


async def test_one_image_is_one_credit(gateway: Gateway, model: HalfModel, photo: Photo) -> None:
    await remove(gateway.client, photo())
    assert await gateway.charged() == 1
    model.level = 0
    answer = await gateway.client.post(URL, files={"image_file": photo()})
    assert answer.status_code == 400
    assert json.loads(answer.content)["errors"][0]["code"] == "unknown_foreground"
    assert await gateway.charged() == 1
