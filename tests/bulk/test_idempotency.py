"""Requests that are repeated with the same idempotency key."""

import asyncio
from typing import Any

import httpx
import pytest

from gateway.settings import Settings
from tests.bulk.conftest import Bulk, images, stored_blobs
from tests.rest.cases import Photo


async def send(bulk: Bulk, *files: bytes, key: str = "k", **data: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    return await bulk.client.post("/v1/bulk", files=images(*files), data=data, headers=headers)


async def test_a_repeated_request_creates_no_second_job(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    first = await send(bulk, photo(), photo(40, 40), size="30x30", custom_id=["a"])
    again = await send(bulk, photo(), photo(40, 40), key='"k"', size="30x30", custom_id=["a"])
    assert first.status_code == again.status_code == 202
    assert first.json()["job_id"] == again.json()["job_id"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    job = await bulk.wait_until_ended(first.json()["job_id"])
    assert (await send(bulk, photo(), photo(40, 40), size="30x30", custom_id=["a"])).json()[
        "status"
    ] == job["status"]
    assert len((await bulk.client.get("/v1/bulk")).json()["jobs"]) == 1
    assert {path.parts[-3] for path in stored_blobs(settings)} == {job["job_id"]}


@pytest.mark.parametrize(
    "change",
    [
        {"size": "20x20"},
        {"custom_id": ["b"]},
        {"metadata": '{"a": 1}'},
        {"webhook_url": "https://a.example"},
        {"files": 1},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_the_same_key_with_another_request_is_rejected(
    bulk: Bulk, photo: Photo, settings: Settings, change: dict[str, Any]
) -> None:
    first = await send(bulk, photo())
    files = [photo(30, 30)] if change.pop("files", 0) else [photo()]
    other = await send(bulk, *files, **change)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    await bulk.wait_until_ended(first.json()["job_id"])
    assert len(stored_blobs(settings)) == 1


async def test_concurrent_requests_with_the_same_key_create_one_job(
    bulk: Bulk, photo: Photo
) -> None:
    answers = await asyncio.gather(*(send(bulk, photo()) for _ in range(6)))
    job_ids = {answer.json()["job_id"] for answer in answers if answer.status_code == 202}
    assert len(job_ids) == 1
    rejected = [answer for answer in answers if answer.status_code != 202]
    assert {answer.status_code for answer in rejected} <= {409}
    assert all(answer.headers["retry-after"] for answer in rejected)


async def test_the_key_of_a_rejected_request_can_be_used_again(bulk: Bulk, photo: Photo) -> None:
    assert (await send(bulk, b"none")).status_code == 400
    assert (await send(bulk, photo())).status_code == 202


async def test_two_accounts_can_use_the_same_key(bulk: Bulk, photo: Photo) -> None:
    mine = await send(bulk, photo())
    bulk.switch_account()
    theirs = await send(bulk, photo(30, 30))
    assert theirs.status_code == 202
    assert mine.json()["job_id"] != theirs.json()["job_id"]


async def test_the_key_of_a_deleted_job_can_be_used_again(bulk: Bulk, photo: Photo) -> None:
    first = (await send(bulk, photo())).json()["job_id"]
    await bulk.wait_until_ended(first)
    await bulk.client.delete(f"/v1/bulk/{first}")
    assert (await send(bulk, photo(30, 30))).status_code == 202


@pytest.mark.parametrize("key", ["a" * 256, "a\tb"])
async def test_an_invalid_key_is_rejected(bulk: Bulk, photo: Photo, key: str) -> None:
    answer = await send(bulk, photo(), key=key)
    assert (answer.status_code, answer.json()["field"]) == (400, "Idempotency-Key")
