"""Invalid jobs are rejected, and jobs are hidden from other accounts, over HTTP and gRPC."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from clearbg.v1 import bulk_calls_pb2 as pb
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.draft_store import DraftStore
from gateway.bulk.tables import JobRow
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, images, stored_blobs, submit
from tests.bulk.submissions import FORM, TRANSPORTS, Submission, as_outcome
from tests.rest.cases import Photo

PART = b'Content-Disposition: form-data; name="images"; filename="a"\r\n\r\n'


def shared(**files: bytes) -> Callable[[Photo], Submission]:
    return lambda photo: Submission([photo()], shared=files)


def texts(**fields: str) -> Callable[[Photo], Submission]:
    return lambda photo: Submission([photo()], fields)


@pytest.mark.parametrize(
    ("submission", "slug", "hint"),
    [
        (lambda photo: Submission([]), "bad-request", "1 to 50"),
        (lambda photo: Submission([photo(), b"x"]), "bad-image", "Image 2 ('photo 1.png')"),
        (
            lambda photo: Submission([b"1" * 1_000_001]),
            "image-too-large",
            "Image 1 ('photo 0.png'): ",
        ),
        (lambda photo: Submission([photo(8, 8)] * 51), "bad-request", "at most 50"),
        (shared(bg_image=b"x"), "bad-image", "The background: "),
        (shared(mask=b"x"), "bad-image", "The mask: "),
        (shared(trimap=b"x"), "bad-image", "The trimap: "),
        (shared(mask=b"1" * 1_000_001), "image-too-large", "The mask: "),
        (texts(expand="9%"), "bad-option", "expand must be"),
        (texts(keep="1 2"), "bad-option", "keep must be"),
        (
            lambda photo: Submission([photo()], {"bg_color": "#FFF"}, shared={"bg_image": photo()}),
            "",
            "not both",
        ),
        (lambda photo: Submission([photo()], custom_ids=["a\0"]), "bad-option", "printable"),
        (lambda photo: Submission([photo()], custom_ids=["x" * 129]), "bad-option", "at most 128"),
        (
            lambda photo: Submission([photo()], custom_ids=["x" * 5000]),
            "bad-request",
            "longer than 4096",
        ),
        (lambda photo: Submission([photo()], key="x" * 256), "bad-option", "at most 255"),
        (texts(size="big"), "bad-option", "size must be"),
        (texts(format="tiff"), "bad-option", "format must be"),
        (texts(size="x" * 5000), "bad-request", "'size' is longer than 4096"),
        (texts(metadata="["), "bad-option", "JSON"),
        (texts(metadata="[]"), "bad-option", "JSON object"),
        (texts(metadata='{"a": NaN}'), "bad-option", "JSON"),
        (texts(metadata='{"a": 1e999}'), "bad-option", "JSON"),
        (texts(metadata='{"a": "\\ud800"}'), "bad-option", "JSON"),
        (texts(metadata='{"a": [[]]}'), "bad-option", "flat"),
        (texts(metadata='{"a": "\\u0000"}'), "bad-option", "flat"),
        (texts(metadata=" " * 5000), "bad-request", "longer than 4096"),
        (texts(webhook_url="ftp://x"), "bad-option", "webhook_url must be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_both_transports_reject_an_invalid_job_alike_and_store_nothing(
    bulk: Bulk,
    photo: Photo,
    settings: Settings,
    submission: Callable[[Photo], Submission],
    slug: str,
    hint: str,
) -> None:
    outcomes = [await submit_over(bulk, submission(photo)) for submit_over in TRANSPORTS.values()]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].slug == (slug or "bad-option")
    assert hint in outcomes[0].detail
    assert stored_blobs(settings) == []
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


@pytest.mark.parametrize(
    ("request_", "hint"),
    [
        ({"files": []}, "multipart/form-data"),
        ({"files": [("other", b"x")]}, "named `images`"),
        ({"json": {}}, "multipart/form-data"),
        ({"files": "1", "data": {"x_b64_b64": "x" * 5000}}, "longer than 4096"),
        ({"files": "1", "data": {"custom_id": ["a", "b"]}}, "more fields `custom_id`"),
        ({"content": b"--b\r\n" + PART + b"xx", "headers": FORM}, "middle"),
        ({"content": b"nonsense", "headers": FORM}, "cannot be read"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_invalid_form_is_rejected(
    bulk: Bulk, photo: Photo, settings: Settings, request_: dict[str, Any], hint: str
) -> None:
    request = dict(request_)
    if request.get("files") == "1":
        request["files"] = images(photo())
    answer = await bulk.client.post("/v1/bulk", **request)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]
    assert stored_blobs(settings) == []


@pytest.mark.parametrize(
    ("parts", "hint"),
    [
        (["image", "header"], "first message"),
        (["header", "header"], "first message"),
        (["header", ""], "a header or an image"),
        ([], "1 to 50"),
    ],
    ids=str,
)
async def test_invalid_sequences_of_messages_are_rejected(
    bulk: Bulk, photo: Photo, settings: Settings, parts: list[str], hint: str
) -> None:
    known = {
        "header": pb.CreateBulkJobRequest(header=pb.BulkHeader()),
        "image": pb.CreateBulkJobRequest(image=pb.BulkSource(image=photo())),
        "": pb.CreateBulkJobRequest(),
    }
    messages = (known[part] for part in parts)
    with pytest.raises(grpc.aio.AioRpcError) as rejected:
        await bulk.stub.CreateBulkJob(messages, metadata=bulk.metadata())
    outcome = await as_outcome(rejected.value)
    assert outcome.slug == "bad-request"
    assert hint in outcome.detail
    assert stored_blobs(settings) == []


async def test_a_job_is_hidden_from_other_accounts(bulk: Bulk, photo: Photo) -> None:
    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
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
        expected, body = unknown.json(), answer.json()
        assert expected | {"request_id": ""} == body | {"request_id": ""}
        assert (
            await bulk.client.request(method, url, headers={"X-API-Key": ""})
        ).status_code == 401
    assert (await bulk.client.get("/v1/bulk", headers=stranger)).json()["jobs"] == []


async def test_nothing_is_stored_of_a_job_that_cannot_be_accepted(
    bulk: Bulk, photo: Photo, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails after all images have been stored."""
    failing = Mock(side_effect=OperationalError("", {}, Exception("database or disk is full")))
    monkeypatch.setattr(DraftStore, "accept", failing)
    answer = await bulk.client.post("/v1/bulk", files=images(photo()))
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/jobs-unavailable"
    assert stored_blobs(settings) == []
    with Session(bulk.engine) as session:
        assert session.scalars(select(JobRow)).all() == []


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("GetBulkJob", pb.GetBulkJobRequest),
        ("WatchBulkJob", pb.WatchBulkJobRequest),
        ("GetBulkResult", pb.GetBulkResultRequest),
        ("CancelBulkJob", pb.CancelBulkJobRequest),
        ("DeleteBulkJob", pb.DeleteBulkJobRequest),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_job_is_hidden_from_other_accounts_over_grpc(
    bulk: Bulk, photo: Photo, method: str, request_: Any
) -> None:
    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
    other = AccountStore(bulk.engine).create("other")
    stranger = KeyStore(bulk.engine).create("k", other.id)[1]

    async def rejection(job_id: str, key: str | None = None) -> Any:
        call = getattr(bulk.stub, method)(request_(job_id=job_id), metadata=bulk.metadata(key))
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await (call.read() if hasattr(call, "read") else call)
        return await as_outcome(error.value)

    outcome = await rejection(job_id, stranger)
    assert outcome.slug == "no-job"
    assert outcome == await rejection("job_x")
    assert (await rejection(job_id, "")).slug == "invalid-key"
    listed = pb.ListBulkJobsRequest()
    answer = await bulk.stub.ListBulkJobs(listed, metadata=bulk.metadata(stranger))
    assert list(answer.jobs) == []
