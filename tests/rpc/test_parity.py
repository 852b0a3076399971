"""HTTP and gRPC say the same: one table through both, each around the same core."""

import base64
from typing import Any

import grpc
import pytest
from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.rest.openapi import public_errors
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.cases import CASES, Case, Photo
from tests.rpc.calls import Both, both, details, key_of, message

VALID: dict[str, dict[str, Any]] = {
    "nothing": {},
    "size": {"size": "32x32"},
    "jpg": {"format": "jpg"},
    "webp": {"format": "webp"},
    "zip": {"format": "zip"},
    "colour": {"bg_color": "#12345678"},
    "alpha": {"channels": "alpha"},
    "region": {"roi": "0% 0% 50% 50%"},
    "crop": {"crop": "1", "crop_margin": "2px 10%"},
    "place": {"scale": "50%", "position": "0% 100%"},
    "shadow": {"shadow": "40"},
    "hints": {"keep": "40px 0 50px 9px; 90% 90% 100% 100%", "erase": "0 0 9px 9px"},
    "edges": {"threshold": "40", "smooth": "2px", "expand": "-1px", "feather": "4%"},
    "invert": {"invert": "true"},
    "refine off": {"refine": "off"},
    "refine high": {"refine": "high"},
    "model": {"model": "isnet"},
}


def sayable(case: Case) -> bool:
    """Whether gRPC has words for a request; the one over twice the limit has a test of its own."""
    return message(case.request(lambda *_: b"x")) is not None and case.id != "announced bytes"


SAYABLE = [case for case in CASES if sayable(case)]


def test_the_table_reaches_every_error() -> None:
    by_url_only = {"bad-url"}
    assert {case.slug for case in SAYABLE} | by_url_only == {case.slug for case in CASES}


@pytest.mark.parametrize("options", VALID.values(), ids=VALID)
@pytest.mark.parametrize("backdrop", [False, True], ids=["", "behind"])
async def test_both_transports_return_the_same_image(
    gateway: Both, photo: Photo, options: dict[str, Any], backdrop: bool
) -> None:
    files = {"image": photo(60, 40)} | ({"bg_image": photo(30, 50)} if backdrop else {})
    request: dict[str, Any] = {"files": files, "data": options}

    by_http = await gateway.http.client.post("/v1/removebg", **request)
    call = gateway.stub.RemoveBackground(message(request), metadata=gateway.metadata())

    if "bg_color" in options and backdrop:
        assert by_http.status_code == 400
        with pytest.raises(grpc.aio.AioRpcError, match="not both"):
            await call
        return
    result = (await call).result
    assert by_http.content == result.image
    headers = by_http.headers
    assert headers["content-type"] == result.media_type
    assert (headers["x-width"], headers["x-height"]) == (str(result.width), str(result.height))
    assert headers["x-foreground-left"] == str(result.foreground.left)
    assert headers["x-foreground-height"] == str(result.foreground.height)
    assert headers["x-confidence"] == f"{result.confidence:.3f}"
    assert headers["x-device"] == result.device
    assert headers["x-model-version"] == result.model_version
    assert headers["x-model"] == result.model == "isnet"
    assert [stage.stage for stage in result.stages] == [
        part.split(";")[0] for part in headers["server-timing"].split(", ")
    ]
    trailing = dict(await call.trailing_metadata())
    assert trailing["ratelimit-policy"] == headers["ratelimit-policy"]
    assert trailing["x-ratelimit-remaining"] != headers["x-ratelimit-remaining"]  # one more


@pytest.mark.parametrize("case", SAYABLE, ids=lambda case: case.id)
async def test_both_transports_report_the_same_problem(
    case: Case, settings: Settings, model: HalfModel, photo: Photo
) -> None:
    sent = case.request(photo)
    request = message(sent)
    assert request
    for name, value in case.model.items():
        setattr(model, name, value)
    chosen = settings.model_copy(update=case.settings)
    async with both(model, chosen) as gateway:
        for _ in range(case.before):
            await gateway.http.client.post("/v1/removebg", **sent)
        case.break_(gateway.http)
        by_http = await gateway.http.client.post("/v1/removebg", **sent)
        asked = model.calls
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await gateway.call(request, key_of(sent))

        error, problem = refused.value, by_http.json()
        trailing = dict(error.trailing_metadata() or ())
        told = await details(error)
        assert f"/problems/{trailing['problem']}" == problem["type"]
        assert error.details() == problem["detail"]
        assert told["ErrorInfo"].reason == case.slug.upper().replace("-", "_")
        assert told["RequestInfo"].request_id == trailing["x-request-id"]
        assert ("RetryInfo" in told) is ("retry-after" in by_http.headers)
        if "RetryInfo" in told:
            wait_s = int(by_http.headers["retry-after"])
            assert abs(told["RetryInfo"].retry_delay.seconds - wait_s) <= 1
            assert trailing["grpc-retry-pushback-ms"] == str(
                told["RetryInfo"].retry_delay.seconds * 1000
            )
        violations = (
            [v.field for v in told["BadRequest"].field_violations] if "BadRequest" in told else []
        )
        assert ([problem["field"]] if "field" in problem else [""] * len(violations)) == violations
        assert model.calls - asked == (
            case.id in ("queue", "model", "late", "bug") or "margin beyond the pixels" in case.id
        )


STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def test_each_error_has_the_grpc_status_that_the_design_gives_it() -> None:
    for kind in public_errors():
        if kind.slug != "client-gone":
            assert kind.grpc.name == STATUSES[kind.http.value], kind


@pytest.mark.parametrize("name", ["mask", "trimap"])
async def test_both_transports_take_a_mask_and_a_trimap(
    gateway: Both, model: HalfModel, photo: Photo, name: str
) -> None:
    request: dict[str, Any] = {"files": {"image": photo(60, 40), name: photo(30, 50)}}
    said = message(request)
    assert said
    by_http = await gateway.http.client.post("/v1/removebg", **request)
    by_grpc = (await gateway.call(said)).result
    assert by_http.content == by_grpc.image
    assert by_http.headers["x-device"] == by_grpc.device == ("none" if name == "mask" else "cpu")
    assert by_http.headers["x-model-version"] == by_grpc.model_version
    assert model.calls == (0 if name == "mask" else 2)
    data = await gateway.http.client.post(
        "/v1/removebg",
        json={
            "image_b64": base64.b64encode(photo(60, 40)).decode(),
            f"{name}_b64": base64.b64encode(photo(30, 50)).decode(),
        },
    )
    assert data.content == by_http.content


async def test_both_transports_reject_a_url_alike(gateway: Both) -> None:
    url = "https://example.com/a.jpg"
    by_http = await gateway.http.client.post("/v1/removebg", json={"image_url": url})
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.call(pb.RemoveBackgroundRequest(image_url=url))
    assert refused.value.details() == by_http.json()["detail"]
    assert ("problem", "bad-url") in tuple(refused.value.trailing_metadata() or ())


async def test_a_message_over_twice_the_limit_is_rejected_unread(gateway: Both) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.call(pb.RemoveBackgroundRequest(image=b"1" * 4_000_000))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
