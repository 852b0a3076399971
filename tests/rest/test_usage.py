"""GET /v1/usage, and that every transport is counted once, in the same way."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import httpx
import pytest
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import models_pb2

from gateway.accounts.accounts import AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.keys import KeyStore
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rest.gateway import Gateway
from tests.rpc.calls import Both, both


@pytest.fixture
async def service(model: HalfModel, settings: Settings) -> AsyncIterator[Both]:
    async with both(model, settings) as service:
        yield service


async def usage(gateway: Gateway, secret: str = "", **query: Any) -> dict[str, Any]:
    """What the service says, with all that was counted so far."""
    await gateway.authenticator.usage.write()
    headers = {"X-API-Key": secret} if secret else {}
    answer = await gateway.client.get("/v1/usage", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def counted(said: dict[str, Any]) -> tuple[int, int, float, dict[str, int]]:
    return said["requests"], said["images"], said["megapixels"], said["errors"]


async def test_requests_of_all_transports_are_counted_once(service: Both, photo: Photo) -> None:
    client, image = service.http.client, photo(500, 400)
    request = pb.RemoveBackgroundRequest(image=image)
    for good in (True, False):
        files = {"image": image if good else b"no image"}
        await client.post("/v1/removebg", files=files)
        await client.post("/v1.0/removebg", files={"image_file": files["image"]})
    await service.call(request)
    with pytest.raises(grpc.aio.AioRpcError):
        await service.call(pb.RemoveBackgroundRequest(image=b"no image"))
    messages = [
        pb.RemoveBackgroundStreamRequest(id=str(number), request=each)
        for number, each in enumerate((request, pb.RemoveBackgroundRequest(image=b"no image")))
    ]
    stream = service.stub.RemoveBackgroundStream(iter(messages), metadata=service.metadata())
    assert len([answer async for answer in stream]) == 2
    tensor = pb.SegmentTensorRequest(image=bytes(3 * 1024**2))
    await service.stub.SegmentTensor(tensor, metadata=service.metadata())
    await service.stub.ListModels(models_pb2.ListModelsRequest(), metadata=service.metadata())
    await client.get("/v1/models")
    said = await usage(service.http)
    megapixels = round(4 * 0.2 + 1024**2 / 1e6, 3)
    assert counted(said["total"]) == (11, 5, megapixels, {"bad-image": 4})
    assert 0 < said["total"]["latency_s"]["p50"] <= said["total"]["latency_s"]["p95"]
    (key,) = said["keys"]
    assert key["name"] == "tests"
    assert counted(key) == counted(said["total"])
    (day,) = said["buckets"]
    assert day["at"].endswith("T00:00:00Z")
    assert counted(await total(service.http, step="minute")) == (
        12,
        5,
        megapixels,
        {"bad-image": 4},
    )


async def total(gateway: Gateway, **query: Any) -> dict[str, Any]:
    said: dict[str, Any] = (await usage(gateway, **query))["total"]
    return said


async def test_an_account_sees_all_its_keys_and_nobody_elses(
    gateway: Gateway, photo: Photo
) -> None:
    other = AccountStore(gateway.engine).create("other")
    key, secret = gateway.keys.create('=cmd("<b>other</b>")', other.id)
    mine = gateway.new_key()
    for sent in (mine, mine, secret):
        answer = await gateway.client.post(
            "/v1/removebg", files={"image": photo()}, headers={"X-API-Key": sent}
        )
        assert answer.status_code == 200
    assert (await usage(gateway))["total"]["images"] == 2
    said = await usage(gateway, secret)
    assert said["total"]["images"] == 1
    assert [each["name"] for each in said["keys"]] == [key.name]
    assert (await usage(gateway, secret, key=key.id))["total"]["images"] == 1
    for step in ("minute", "day"):
        for format_ in ("json", "csv"):
            query = {"key": str(key.id), "step": step, "format": format_}
            answer = await gateway.client.get("/v1/usage", params=query)
            assert answer.status_code == 404
            assert answer.json()["type"] == "/problems/no-key"


async def test_csv_is_a_table_without_texts_of_users(gateway: Gateway, photo: Photo) -> None:
    secret = gateway.keys.create("=1+1", gateway.keys.list()[0].account_id)[1]
    headers = {"X-API-Key": secret}
    for image in (photo(500, 400), b"no image"):
        await gateway.client.post("/v1/removebg", files={"image": image}, headers=headers)
    await gateway.authenticator.usage.write()
    answer = await gateway.client.get("/v1/usage?format=csv&step=minute")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(answer.text.splitlines())
    assert (row["requests"], row["images"], row["megapixels"]) == ("2", "1", "0.2")
    assert (row["errors"], row["errors bad-image"]) == ("1", "1")
    assert float(row["latency_p50_s"]) > 0
    assert "=1+1" not in answer.text


async def test_a_period_is_chosen(gateway: Gateway, photo: Photo) -> None:
    await gateway.client.post("/v1/removebg", files={"image": photo()})
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert (await total(gateway, **{"from": tomorrow.isoformat(), "to": "2100-01-01"}))[
        "requests"
    ] == 0
    ended = (await total(gateway, step="minute", to="2026-01-01T00:00:00+02:00"))["requests"]
    assert ended == 0


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("from=2026-02-01&to=2026-01-01", "from must be before to"),
        ("from=0001-01-01", "years"),
        ("to=9999-12-31T23:59:59-10:00", "years"),
        ("from=yesterday", "from"),
        ("step=hour", "step"),
        ("format=xml", "format"),
        (f"key={10**20}", "key"),
        ("key=0", "key"),
    ],
)
async def test_a_bad_query_is_told_and_counted(gateway: Gateway, query: str, hint: str) -> None:
    answer = await gateway.client.get(f"/v1/usage?{query}")
    assert answer.status_code == 400
    assert hint in answer.json()["detail"]
    slug = answer.json()["type"].removeprefix("/problems/")
    assert (await total(gateway))["errors"] == {slug: 1}


async def test_usage_needs_a_key(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/usage", headers={"X-API-Key": "wrong"})
    assert answer.status_code == 401


async def test_usage_is_described(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/usage"]["get"]
    assert {each["name"] for each in operation["parameters"]} == {
        *("from", "to", "step", "format", "key"),
    }
    assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}]
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/UsageReport"}
    schema = document["components"]["schemas"]["UsageReport"]
    assert set(schema["required"]) == set(schema["properties"])
    assert set(operation["responses"]) >= {"200", "400", "401", "404", "429", "500", "503"}


async def test_a_quota_is_told_and_kept_by_both_transports(service: Both, photo: Photo) -> None:
    secret = service.http.new_key(limits=Limits(0, 0, 2))
    sent: dict[str, Any] = {"files": {"image": photo()}, "headers": {"X-API-Key": secret}}
    answer = await service.http.client.post("/v1/removebg", **sent)
    assert answer.headers["ratelimit"].startswith('"images";r=1;t=')
    assert answer.headers["ratelimit-policy"].startswith('"images";q=2;w=')
    answer = await service.http.client.get("/v1.0/account", headers=sent["headers"])
    assert answer.json()["data"]["attributes"]["credits"]["total"] == 1
    request = pb.RemoveBackgroundRequest(image=photo())
    await service.call(request, secret)
    answer = await service.http.client.post("/v1/removebg", **sent)
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/quota-exceeded")
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert answer.headers["retry-after"] == answer.headers["ratelimit"].partition("t=")[2]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await service.call(request, secret)
    assert ("problem", "quota-exceeded") in tuple(refused.value.trailing_metadata() or ())
    answer = await service.http.client.get("/v1/usage", headers=sent["headers"])
    assert answer.status_code == 200, "only images are refused"


async def test_the_last_use_and_its_address_are_kept(gateway: Gateway) -> None:
    await gateway.client.get("/v1/models")
    await gateway.authenticator.usage.write()
    (key,) = KeyStore(gateway.engine).list()
    assert key.last_used_from == "127.0.0.1"
    assert key.last_used_at
    assert datetime.now(UTC) - key.last_used_at < timedelta(minutes=5)
