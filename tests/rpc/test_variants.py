"""Several results of one image, over HTTP, gRPC calls, gRPC streams and the clients."""

import base64
import json
import zipfile
from email import policy
from email.parser import BytesParser
from io import BytesIO
from typing import Any

import grpc
import httpx
import pytest
from clearbg.v1 import background_removal_service_pb2 as pb

from gateway.client import AsyncClient, Client, Cutout, Problem, RemovalOptions
from tests.half_model import HalfModel
from tests.listening import Listening
from tests.rest.cases import Photo
from tests.rpc.calls import Both, message

SHARED: RemovalOptions = {"bg_color": "#00FF0080", "roi": "0% 0% 80% 100%"}
VARIANTS: list[RemovalOptions] = [
    {},
    {"size": "32x32", "format": "webp", "crop": True},
    {"format": "jpg", "bg_color": "white"},
    {"format": "zip", "keep": "0 0 9px 9px"},
    {"channels": "alpha", "feather": "2px", "shadow": 20},
]
SUFFIXES = ("png", "webp", "jpg", "zip", "png")
TYPES = ["image/png", "image/webp", "image/jpeg", "application/zip", "image/png"]


def form(photo: Photo, *, behind: bool) -> dict[str, Any]:
    """A request with variants; with a picture behind them all, and without colours."""
    shared: dict[str, Any] = dict(SHARED)
    variants: list[dict[str, Any]] = [dict(each) for each in VARIANTS]
    files = {"image": photo(60, 40)}
    if behind:
        files |= {"bg_image": photo(30, 50), "trimap": photo(50, 50)}
        for each in (shared, *variants):
            each.pop("bg_color", None)
    return {"files": files, "data": shared | {"variants": json.dumps(variants)}}


async def alone(gateway: Both, request: dict[str, Any]) -> list[httpx.Response]:
    """The answers to a request of its own for each variant."""
    shared = dict(request["data"])
    return [
        await gateway.http.client.post(
            "/v1/removebg",
            files=request["files"],
            data=shared | {n: str(v) for n, v in each.items()},
        )
        for each in json.loads(shared.pop("variants"))
    ]


def of_one(headers: Any) -> dict[str, str]:
    names = ("x-width", "x-height", "x-foreground-left", "x-confidence", "x-model", "x-device")
    return {name: headers[name] for name in names}


def files_of_zip(answer: httpx.Response) -> list[bytes]:
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith("-cutout.zip")
    assert answer.headers["x-device"] == "cpu"
    assert "x-width" not in answer.headers
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        names = archive.namelist()
        assert names == [f"variant-{number}.{suffix}" for number, suffix in enumerate(SUFFIXES)]
        return [archive.read(name) for name in names]


def parts_of(answer: httpx.Response) -> list[Any]:
    """The parts of multipart/mixed, by Python's own parser."""
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parsed: Any = BytesParser(policy=policy.HTTP).parsebytes(head + answer.content)
    return list(parsed.iter_parts())


@pytest.mark.parametrize("behind", [False, True], ids=["", "backdrop"])
async def test_each_variant_over_http_is_what_a_request_of_its_own_gets(
    gateway: Both, model: HalfModel, photo: Photo, behind: bool
) -> None:
    request = form(photo, behind=behind)
    singles = await alone(gateway, request)
    images = [each.raise_for_status().content for each in singles]
    asked, charged = model.calls, await gateway.http.charged()
    by_zip, multipart, as_json = [
        await gateway.http.client.post("/v1/removebg", headers={"Accept": kind}, **request)
        for kind in ("*/*", "multipart/mixed", "application/json")
    ]
    assert files_of_zip(by_zip) == images
    parts = parts_of(multipart)
    assert [part.get_payload(decode=True) for part in parts] == images
    assert [part.get_content_type() for part in parts] == TYPES
    assert [of_one(part) for part in parts] == [of_one(each.headers) for each in singles]
    found = as_json.json()["variants"]
    assert [base64.b64decode(each["image_b64"]) for each in found] == images
    assert model.calls - asked == 3, "one inference each"
    assert await gateway.http.charged() - charged == 3, "one credit each"


@pytest.mark.parametrize("behind", [False, True], ids=["", "backdrop"])
async def test_each_variant_over_grpc_is_what_http_answers(
    gateway: Both, model: HalfModel, photo: Photo, behind: bool
) -> None:
    request = form(photo, behind=behind)
    images = [each.content for each in await alone(gateway, request)]
    asked, charged = model.calls, await gateway.http.charged()
    said = message(request)
    assert said
    answer = await gateway.call(said)
    assert not answer.HasField("result")
    sent = iter([pb.RemoveBackgroundStreamRequest(id="a", request=said)])
    call = gateway.stub.RemoveBackgroundStream(sent, metadata=gateway.metadata())
    (streamed,) = [each async for each in call]
    assert streamed.WhichOneof("outcome") == "variants"
    for results in (answer.variants.results, streamed.variants.results):
        assert [each.image for each in results] == images
        assert [each.media_type for each in results] == TYPES
        assert [each.width for each in results][:1] == [60]
    assert model.calls - asked == 2, "one inference each"
    assert await gateway.http.charged() - charged == 2, "one credit each"


async def test_json_may_hold_the_array_itself(gateway: Both, photo: Photo) -> None:
    image = base64.b64encode(photo(60, 40)).decode()
    answer = await gateway.http.client.post(
        "/v1/removebg",
        json={"image_b64": image, "variants": [{"crop": True, "shadow": 10}, {"size": None}]},
        headers={"Accept": "application/json"},
    )
    first, second = answer.json()["variants"]
    assert (first["width"], second["width"]) == (30, 60)
    wrong = await gateway.http.client.post(
        "/v1/removebg", json={"image_b64": image, "variants": [{"size": {}}]}
    )
    assert wrong.json()["field"] == "variants[0].size"


async def test_a_file_in_a_variant_is_rejected(gateway: Both, photo: Photo) -> None:
    request = pb.RemoveBackgroundRequest(image=photo(), variants=[{}, {"bg_image": photo()}])
    with pytest.raises(grpc.aio.AioRpcError, match="bg_image is one for all variants"):
        await gateway.call(request)


@pytest.mark.parametrize("scheme", ["http", "grpc"])
async def test_the_clients_return_all_cutouts(
    service: Listening, model: HalfModel, photo: Photo, scheme: str
) -> None:
    url, key = service.urls[scheme], service.new_key()
    image = photo(60, 40)
    with Client(url, key) as client:
        alone = [client.remove(image, **with_shared(each)) for each in VARIANTS]
        asked = model.calls
        together = client.remove_variants(image, VARIANTS, **SHARED)
        with pytest.raises(Problem, match=r"variants\[1\]: size must be"):
            client.remove_variants(image, [{}, {"size": "big"}])
        with pytest.raises(TypeError, match="no option"):
            client.remove_variants(image, [{"sise": "4k"}])  # type: ignore[typeddict-unknown-key]
    assert model.calls - asked == 1
    assert [known(each) for each in together] == [known(each) for each in alone]
    async with AsyncClient(url, key) as other:
        again = await other.remove_variants(image, VARIANTS, **SHARED)
    assert [known(each) for each in again] == [known(each) for each in alone]


def with_shared(options: RemovalOptions) -> RemovalOptions:
    merged = SHARED.copy()
    merged.update(options)
    return merged


def known(cutout: Cutout) -> tuple[object, ...]:
    """All but the times."""
    return (cutout.image, cutout.media_type, cutout.width, cutout.foreground, cutout.confidence)
