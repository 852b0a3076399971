"""Submits the same job over either transport, and compares what is answered."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from clearbg.v1 import bulk_calls_pb2 as pb

from gateway import problems
from tests.bulk.conftest import Bulk, Files
from tests.rpc.calls import details, options, variant_options

FORM = {"Content-Type": "multipart/form-data; boundary=b"}


@dataclass(frozen=True)
class Submission:
    """A job to submit."""

    images: list[bytes] = field(repr=False)
    texts: dict[str, str] = field(default_factory=dict)
    custom_ids: list[str] = field(default_factory=list)
    shared: dict[str, bytes] = field(default_factory=dict, repr=False)
    """Files for all images: the background, the mask, the trimap."""
    key: str = ""

    @property
    def named_images(self) -> Iterator[tuple[str, bytes]]:
        """The images with their file names."""
        return ((f"photo {number}.png", image) for number, image in enumerate(self.images))


@dataclass(frozen=True)
class Outcome:
    """The ID of the new job, or the error."""

    job_id: str = ""
    is_replayed: bool = False
    slug: str = ""
    detail: str = ""
    field: str = ""
    retry_after_s: int | None = None


async def submit_over_http(bulk: Bulk, submission: Submission) -> Outcome:
    files: Files = [("images", image) for image in submission.named_images]
    for name, content in submission.shared.items():
        files.insert(0, (name, ("b.png", content)))
    data: dict[str, Any] = submission.texts | {"custom_id": submission.custom_ids}
    body: dict[str, Any] = {"files": files, "data": data} if files else {"content": b"--b--\r\n"}
    headers = {"Idempotency-Key": submission.key} | ({} if files else FORM)
    answer = await bulk.client.post("/v1/bulk", headers=headers, **body)
    content = answer.json()
    if answer.status_code == 202:
        return Outcome(content["job_id"], "idempotent-replayed" in answer.headers)
    slug = content["type"].removeprefix("/problems/")
    assert answer.status_code == problems.error_class(slug).http
    wait_s = answer.headers.get("retry-after")
    retry_after_s = int(wait_s) if wait_s else None
    return Outcome("", False, slug, content["detail"], content.get("field", ""), retry_after_s)


async def submit_over_grpc(bulk: Bulk, submission: Submission) -> Outcome:
    metadata = (*bulk.metadata(), ("idempotency-key", submission.key))
    try:
        answer = await bulk.stub.CreateBulkJob(iter(messages(submission)), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return await as_outcome(error)
    return Outcome(answer.job.job_id, answer.replayed)


TRANSPORTS: dict[str, Callable[[Bulk, Submission], Awaitable[Outcome]]] = {
    "http": submit_over_http,
    "grpc": submit_over_grpc,
}


def messages(submission: Submission) -> Iterator[pb.CreateBulkJobRequest]:
    """Yield the gRPC messages of a submission."""
    texts = dict(submission.texts)
    own = {name: texts.pop(name, "") for name in ("metadata", "webhook_url")}
    variants = variant_options(texts.pop("variants", None))
    header_options = options(texts)
    assert header_options is not None
    for name, content in submission.shared.items():
        setattr(header_options, name, content)
    header = pb.BulkHeader(options=header_options, variants=variants, **own)
    yield pb.CreateBulkJobRequest(header=header)
    ids = [*submission.custom_ids, *[""] * len(submission.images)]
    for (name, image), custom_id in zip(submission.named_images, ids, strict=False):
        source = pb.BulkSource(image=image, name=name, custom_id=custom_id)
        yield pb.CreateBulkJobRequest(image=source)


async def as_outcome(error: grpc.aio.AioRpcError) -> Outcome:
    """Parse a gRPC status, and check that it is the one of its problem."""
    trailing = dict(error.trailing_metadata() or ())
    kind = problems.error_class(str(trailing["problem"]))
    assert error.code() is kind.grpc
    bad_request = (await details(error)).get("BadRequest")
    pushback_ms = trailing.get("grpc-retry-pushback-ms")
    return Outcome(
        slug=kind.slug,
        detail=error.details() or "",
        field=bad_request.field_violations[0].field if bad_request else "",
        retry_after_s=int(pushback_ms) // 1000 if pushback_ms else None,
    )
