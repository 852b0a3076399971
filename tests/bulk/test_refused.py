"""What is no job is refused over HTTP and gRPC alike, and whom a job is hidden from."""

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
from gateway.bulk.tables import JobRow
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, accepted, images, stored
from tests.bulk.sending import FORM, SENDERS, Sent, refusal
from tests.rest.cases import Photo

PART = b'Content-Disposition: form-data; name="images"; filename="a"\r\n\r\n'


def texts(**sent: str) -> Callable[[Photo], Sent]:
    return lambda photo: Sent([photo()], sent)


@pytest.mark.parametrize(
    ("sent", "slug", "hint"),
    [
        (lambda photo: Sent([]), "bad-request", "1 to 50"),
        (lambda photo: Sent([photo(), b"x"]), "bad-image", "Image 2 ('photo 1.png')"),
        (lambda photo: Sent([b"1" * 1_000_001]), "image-too-large", "Image 1 ('photo 0.png'): "),
        (lambda photo: Sent([photo(8, 8)] * 51), "bad-request", "at most 50"),
        (lambda photo: Sent([photo()], backdrop=b"x"), "bad-image", "The background"),
        (lambda photo: Sent([photo()], {"bg_color": "#FFF"}, backdrop=photo()), "", "not both"),
        (lambda photo: Sent([photo()], custom_ids=["a\0"]), "bad-option", "printed"),
        (lambda photo: Sent([photo()], custom_ids=["x" * 129]), "bad-option", "at most 128"),
        (lambda photo: Sent([photo()], custom_ids=["x" * 5000]), "bad-request", "longer than 4096"),
        (lambda photo: Sent([photo()], key="x" * 256), "bad-option", "at most 255"),
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
async def test_what_is_no_job_is_refused_alike_and_nothing_is_kept(
    bulk: Bulk,
    photo: Photo,
    settings: Settings,
    sent: Callable[[Photo], Sent],
    slug: str,
    hint: str,
) -> None:
    said = [await send(bulk, sent(photo)) for send in SENDERS.values()]
    assert said[0] == said[1]
    assert said[0].slug == (slug or "bad-option")
    assert hint in said[0].detail
    assert stored(settings) == []
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
async def test_what_is_no_form_is_refused(
    bulk: Bulk, photo: Photo, settings: Settings, request_: dict[str, Any], hint: str
) -> None:
    request = dict(request_)
    if request.get("files") == "1":
        request["files"] = images(photo())
    answer = await bulk.client.post("/v1/bulk", **request)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]
    assert stored(settings) == []


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
async def test_messages_that_make_no_job_are_refused(
    bulk: Bulk, photo: Photo, settings: Settings, parts: list[str], hint: str
) -> None:
    known = {
        "header": pb.CreateBulkJobRequest(header=pb.BulkHeader()),
        "image": pb.CreateBulkJobRequest(image=pb.BulkSource(image=photo())),
        "": pb.CreateBulkJobRequest(),
    }
    messages = (known[part] for part in parts)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await bulk.stub.CreateBulkJob(messages, metadata=bulk.metadata())
    said = await refusal(refused.value)
    assert said.slug == "bad-request"
    assert hint in said.detail
    assert stored(settings) == []


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
async def test_nobody_else_sees_a_job_over_grpc(
    bulk: Bulk, photo: Photo, method: str, request_: Any
) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    other = AccountStore(bulk.engine).create("other")
    stranger = KeyStore(bulk.engine).create("k", other.id)[1]

    async def refused(job_id: str, key: str | None = None) -> Any:
        call = getattr(bulk.stub, method)(request_(job_id=job_id), metadata=bulk.metadata(key))
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await (call.read() if hasattr(call, "read") else call)
        return await refusal(error.value)

    theirs = await refused(job_id, stranger)
    assert theirs.slug == "no-job"
    assert theirs == await refused("job_x")
    assert (await refused(job_id, "")).slug == "invalid-key"
    listed = pb.ListBulkJobsRequest()
    answer = await bulk.stub.ListBulkJobs(listed, metadata=bulk.metadata(stranger))
    assert list(answer.jobs) == []
