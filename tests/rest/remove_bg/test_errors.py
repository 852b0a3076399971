"""Every error code of remove.bg that can occur here."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.errors import ModelUnavailable
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.cases import use_up_quota
from tests.rest.gateway import Gateway, serving

Photo = Callable[..., bytes]
Make = Callable[[Photo], dict[str, Any]]


def with_file(**fields: str) -> Make:
    return lambda photo: {"files": {"image_file": photo(8, 8)}, "data": fields}


def sent(**request: Any) -> Make:
    return lambda photo: request


@dataclass(frozen=True)
class Case:
    code: str
    status: int
    request: Make
    settings: dict[str, Any] = field(default_factory=dict)
    fail: Exception | None = None
    level: int = 255
    break_: Callable[[Gateway], object] = lambda gateway: None


URLS = {"image_urls": "on", "image_url_timeout_s": 1}
NOWHERE = "http://127.0.0.1:1/x.jpg"

CASES = [
    Case("missing_source", 400, sent(data={"size": "auto"})),
    Case("multiple_sources", 400, with_file(image_url=NOWHERE)),
    Case(
        "multiple_bg_sources",
        400,
        lambda photo: {
            "files": {"image_file": photo(8, 8), "bg_image_file": photo(8, 8)},
            "data": {"bg_color": "red"},
        },
    ),
    Case(
        "multiple_bg_sources",
        400,
        lambda photo: {
            "files": {"image_file": photo(8, 8), "bg_image_file": photo(8, 8)},
            "data": {"bg_image_url": NOWHERE},
        },
    ),
    Case("invalid_image_url", 400, sent(json={"image_url": NOWHERE})),
    Case("invalid_image_url", 400, sent(json={"image_url": "nonsense"}), URLS),
    Case("failed_image_download", 400, sent(json={"image_url": NOWHERE}), URLS),
    Case("invalid_bg_image_url", 400, with_file(bg_image_url="nonsense"), URLS),
    Case("failed_bg_download", 400, with_file(bg_image_url=NOWHERE), URLS),
    Case("invalid_file_type", 400, sent(files={"image_file": b"no image"})),
    Case("failed_to_read_image", 400, lambda photo: {"files": {"image_file": photo(64, 64)[:150]}}),
    Case("file_too_large", 400, sent(files={"image_file": b"1" * 1_000_001})),
    Case(
        "file_too_large",
        400,
        sent(json={"image_file_b64": base64.b64encode(b"1" * 1_000_001).decode()}),
    ),
    Case("resolution_too_high", 400, lambda photo: {"files": {"image_file": photo(501, 500)}}),
    Case("invalid_size", 400, with_file(size="huge")),
    Case("invalid_format", 400, with_file(format="tiff")),
    Case("invalid_bg_color", 400, with_file(bg_color="reddish")),
    Case("invalid_bg_color", 400, with_file(bg_color="reddish", format="png")),
    Case("invalid_channels", 400, with_file(channels="rgb")),
    Case("invalid_crop_margin", 400, with_file(crop="true", crop_margin="600px")),
    Case("invalid_crop", 400, with_file(crop="maybe")),
    Case("invalid_position", 400, with_file(position="left")),
    Case("invalid_scale", 400, with_file(scale="5%")),
    Case("invalid_roi", 400, with_file(roi="1 2 3")),
    Case("roi_exceeds_bounds", 400, with_file(roi="0 0 9 8")),
    Case("roi_region_empty", 400, with_file(roi="5 0 5 8")),
    Case("invalid_semitransparency", 400, with_file(semitransparency="a bit")),
    Case("invalid_shadow_type", 400, with_file(shadow_type="long")),
    Case("invalid_shadow_opacity", 400, with_file(shadow_type="drop", shadow_opacity="101")),
    Case("invalid_position", 400, with_file(position="50px 10px")),
    Case("invalid_scale", 400, with_file(scale="50px")),
    Case(
        "invalid_dimensions",
        400,
        lambda photo: {
            "files": {"image_file": photo(1, 70_000)},
            "data": {"format": "jpg", "size": "full"},
        },
    ),
    Case("missing_source", 400, sent()),
    Case("unknown_foreground", 400, with_file(), level=0),
    Case("auth_failed", 403, sent(files={"image_file": b""}, headers={"X-API-Key": ""})),
    Case("auth_failed", 403, sent(files={"image_file": b""}, headers={"X-API-Key": "wrong"})),
    Case(
        "rate_limit_exceeded",
        429,
        with_file(),
        {"rate_limit_requests_per_minute": 1},
    ),
    Case("insufficient_credits", 402, with_file(), break_=use_up_quota),
    Case("service_unavailable", 503, with_file(), fail=ModelUnavailable("It is stopping.", 5)),
    Case("internal_error", 500, with_file(), fail=RuntimeError("secret")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
async def test_each_error_has_its_code_and_costs_nothing(
    case: Case, settings: Settings, model: HalfModel, photo: Photo
) -> None:
    model.fail, model.level = case.fail, case.level
    async with serving(model, settings.model_copy(update=case.settings)) as gateway:
        if case.status == 429:
            await gateway.client.post("/v1.0/removebg", **case.request(photo))
        case.break_(gateway)
        charged = await gateway.charged()
        answer = await gateway.client.post("/v1.0/removebg", **case.request(photo))
        assert answer.status_code == case.status
        (error,) = answer.json()["errors"]
        assert error["code"] == case.code
        assert error["title"]
        assert error["detail"]
        assert "secret" not in answer.text
        assert await gateway.charged() == charged
        if case.status == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 120
            assert answer.headers["x-ratelimit-remaining"] == "0"


async def test_unknown_paths_are_told_in_the_same_shape(
    settings: Settings, model: HalfModel
) -> None:
    async with serving(model, settings) as gateway:
        answer = await gateway.client.post("/v1.0/improve")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "not_found"
        answer = await gateway.client.get("/v1.0/account", headers={"X-API-Key": "wrong"})
        assert answer.json()["errors"][0]["title"] == "Invalid API key"
