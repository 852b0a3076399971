"""What POST /v1/bulk refuses, and whom."""

from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.tables import JobRow
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, Files, accepted, images, stored
from tests.rest.cases import Photo

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'Content-Disposition: form-data; name="images"; filename="a"\r\n\r\n'


@pytest.mark.parametrize(
    ("request_", "status", "hint"),
    [
        ({"files": []}, 400, "multipart/form-data"),
        ({"files": [("other", b"x")]}, 400, "named `images`"),
        ({"json": {}}, 400, "multipart/form-data"),
        ({"files": images(b"x")}, 400, "Image 1 ('photo 0.png')"),
        ({"files": images(b"1" * 1_000_001)}, 413, "MB"),
        ({"files": "51"}, 400, "at most 50"),
        ({"files": "1", "data": {"size": "big"}}, 400, "size must be"),
        ({"files": "1", "data": {"metadata": "["}}, 400, "JSON"),
        ({"files": "1", "data": {"metadata": "[]"}}, 400, "JSON object"),
        ({"files": "1", "data": {"metadata": '{"a": NaN}'}}, 400, "JSON"),
        ({"files": "1", "data": {"metadata": '{"a": "\\ud800"}'}}, 400, "JSON"),
        ({"files": "1", "data": {"metadata": '{"a": [[]]}'}}, 400, "flat"),
        ({"files": "1", "data": {"metadata": '{"a": "\\u0000"}'}}, 400, "flat"),
        ({"files": "1", "data": {"custom_id": "a\0"}}, 400, "printed"),
        ({"files": "1", "data": {"x_b64_b64": "x" * 5000}}, 400, "longer than 4096"),
        ({"files": "1", "data": {"custom_id": ["a", "b"]}}, 400, "more fields `custom_id`"),
        ({"files": "bg", "data": {"bg_color": "#FFF"}}, 400, "not both"),
        ({"content": b"--b--\r\n", "headers": FORM}, 400, "1 to 50"),
        ({"content": b"--b\r\n" + PART + b"xx", "headers": FORM}, 400, "middle"),
        ({"content": b"nonsense", "headers": FORM}, 400, "cannot be read"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_job_is_refused_and_nothing_is_kept(
    bulk: Bulk,
    photo: Photo,
    settings: Settings,
    request_: dict[str, Any],
    status: int,
    hint: str,
) -> None:
    made: dict[str, Files] = {
        "1": images(photo()),
        "51": images(*[photo(8, 8)] * 51),
        "bg": [*images(photo()), ("bg_image", ("b", photo()))],
    }
    request = dict(request_)
    if isinstance(request.get("files"), str):
        request["files"] = made[request["files"]]
    answer = await bulk.client.post("/v1/bulk", **request)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]
    assert stored(settings) == []
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_nobody_else_sees_a_job(bulk: Bulk, photo: Photo) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    other = AccountStore(bulk.engine).create("other")
    stranger = {"X-API-Key": KeyStore(bulk.engine).create("k", other.id)[1]}
    for method, path in (
        ("GET", ""),
        ("GET", "/items/0"),
        ("GET", "/archive"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ):
        url = f"/v1/bulk/{job_id}{path}"
        answer = await bulk.client.request(method, url, headers=stranger)
        assert answer.status_code == 404
        unknown = await bulk.client.request(method, url.replace(job_id, "job_x"))
        mine, theirs = unknown.json(), answer.json()
        assert mine | {"request_id": ""} == theirs | {"request_id": ""}
        assert (
            await bulk.client.request(method, url, headers={"X-API-Key": ""})
        ).status_code == 401
    assert (await bulk.client.get("/v1/bulk", headers=stranger)).json()["jobs"] == []


async def test_of_a_job_that_could_not_be_accepted_nothing_is_kept(
    bulk: Bulk, photo: Photo, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails after all images have been kept."""
    full = Mock(side_effect=OperationalError("", {}, Exception("database or disk is full")))
    monkeypatch.setattr(bulk.intake.jobs, "accept", full)
    answer = await bulk.client.post("/v1/bulk", files=images(photo()))
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/jobs-unavailable"
    assert stored(settings) == []
    with Session(bulk.engine) as session:
        assert session.scalars(select(JobRow)).all() == []
