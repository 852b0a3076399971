"""What the API says of itself."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.rest import fields, openapi
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.gateway import Gateway, serving

OPTIONS = (Path(__file__).parents[2] / "docs" / "options.md").read_text()


@pytest.fixture
async def operation(gateway: Gateway) -> dict[str, Any]:
    described = (await gateway.client.get("/openapi.json")).json()
    found: dict[str, Any] = described["paths"]["/v1/removebg"]["post"]
    return found


async def test_every_field_of_the_guide_is_described_and_no_other(
    operation: dict[str, Any],
) -> None:
    told = re.findall(r"^\| `(\w+)` \|", OPTIONS, re.M)
    content = operation["requestBody"]["content"]
    described = content["multipart/form-data"]["schema"]["properties"]
    assert set(described) == set(told)
    for name, schema in described.items():
        assert schema.get("description"), name
    assert set(content["application/json"]["schema"]["properties"]) == set(told) - set(fields.FILES)


async def test_every_header_of_an_answer_is_described(
    gateway: Gateway, operation: dict[str, Any], photo: Callable[..., bytes]
) -> None:
    ordinary = {"content-type", "content-length", "content-disposition", "vary", "www-authenticate"}
    for image in (photo(), b"no image"):
        answer = await gateway.client.post("/v1/removebg", files={"image": image})
        described = operation["responses"][str(answer.status_code)]["headers"]
        assert set(answer.headers) - ordinary <= {name.lower() for name in described}


async def test_every_error_has_an_example_under_its_status(operation: dict[str, Any]) -> None:
    for kind in set(openapi.public_errors()) - set(openapi.NOT_OF_REMOVEBG):
        answer = operation["responses"][str(kind.http.value)]
        examples = answer["content"]["application/problem+json"]["examples"]
        assert examples[kind.slug]["value"]["title"] == kind.title


async def test_operation_ids_and_the_key_are_stable(operation: dict[str, Any]) -> None:
    assert operation["operationId"] == "removeBackground"
    assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}]


async def test_the_viewer_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs/api")).text
    loaded = re.findall(r'(?:src|<link.* href)="([^"]+)"', page)
    assert len(loaded) >= 4
    for path in loaded:
        assert path.startswith(("/docs/static/", "/static/"))
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ("", "https://shop.example", None),
        ("https://shop.example, https://b.example", "https://shop.example", "https://shop.example"),
        ("https://shop.example", "https://evil.example", None),
        ("*", "https://any.example", "*"),
    ],
)
async def test_pages_of_the_origins_that_are_set_may_call(
    model: HalfModel,
    settings: Settings,
    photo: Callable[..., bytes],
    origins: str,
    origin: str,
    allowed: str | None,
) -> None:
    async with serving(model, settings.model_copy(update={"cors_origins": origins})) as gateway:
        asked = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-api-key",
        }
        preflight = await gateway.client.options("/v1/removebg", headers=asked)
        assert preflight.headers.get("access-control-allow-origin") == allowed
        answer = await gateway.client.post(
            "/v1/removebg", files={"image": photo()}, headers={"Origin": origin}
        )
        assert answer.headers.get("access-control-allow-origin") == allowed
        if allowed:
            assert "x-api-key" in preflight.headers["access-control-allow-headers"].lower()
            assert "X-Confidence" in answer.headers["access-control-expose-headers"]
