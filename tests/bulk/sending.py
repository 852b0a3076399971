"""One job to be sent over either transport, and what is answered."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from clearbg.v1 import bulk_calls_pb2 as pb

from gateway import errors
from tests.bulk.conftest import Bulk, Files
from tests.rpc.calls import details, options

FORM = {"Content-Type": "multipart/form-data; boundary=b"}


@dataclass(frozen=True)
class Sent:
    """What is sent."""

    images: list[bytes] = field(repr=False)
    texts: dict[str, str] = field(default_factory=dict)
    custom_ids: list[str] = field(default_factory=list)
    backdrop: bytes = field(default=b"", repr=False)
    key: str = ""

    @property
    def named(self) -> Iterator[tuple[str, bytes]]:
        """The images with their names."""
        return ((f"photo {number}.png", image) for number, image in enumerate(self.images))


@dataclass(frozen=True)
class Answer:
    """The job, or what is wrong."""

    job_id: str = ""
    is_replayed: bool = False
    slug: str = ""
    detail: str = ""
    field: str = ""
    retry_after_s: int | None = None


async def by_http(bulk: Bulk, sent: Sent) -> Answer:
    files: Files = [("images", image) for image in sent.named]
    if sent.backdrop:
        files.insert(0, ("bg_image", ("b.png", sent.backdrop)))
    data: dict[str, Any] = sent.texts | {"custom_id": sent.custom_ids}
    body: dict[str, Any] = {"files": files, "data": data} if files else {"content": b"--b--\r\n"}
    headers = {"Idempotency-Key": sent.key} | ({} if files else FORM)
    answer = await bulk.client.post("/v1/bulk", headers=headers, **body)
    said = answer.json()
    if answer.status_code == 202:
        return Answer(said["job_id"], "idempotent-replayed" in answer.headers)
    slug = said["type"].removeprefix("/problems/")
    assert answer.status_code == errors.named(slug).http
    wait_s = answer.headers.get("retry-after")
    retry_after_s = int(wait_s) if wait_s else None
    return Answer("", False, slug, said["detail"], said.get("field", ""), retry_after_s)


async def by_grpc(bulk: Bulk, sent: Sent) -> Answer:
    metadata = (*bulk.metadata(), ("idempotency-key", sent.key))
    try:
        answer = await bulk.stub.CreateBulkJob(iter(messages(sent)), metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return await refusal(error)
    return Answer(answer.job.job_id, answer.replayed)


SENDERS: dict[str, Callable[[Bulk, Sent], Awaitable[Answer]]] = {"http": by_http, "grpc": by_grpc}


def messages(sent: Sent) -> Iterator[pb.CreateBulkJobRequest]:
    """What a job is sent as over gRPC."""
    texts = dict(sent.texts)
    own = {name: texts.pop(name, "") for name in ("metadata", "webhook_url")}
    said = options(texts)
    assert said is not None
    said.bg_image = sent.backdrop
    yield pb.CreateBulkJobRequest(header=pb.BulkHeader(options=said, **own))
    ids = [*sent.custom_ids, *[""] * len(sent.images)]
    for (name, image), custom_id in zip(sent.named, ids, strict=False):
        source = pb.BulkSource(image=image, name=name, custom_id=custom_id)
        yield pb.CreateBulkJobRequest(image=source)


async def refusal(error: grpc.aio.AioRpcError) -> Answer:
    """What a status says."""
    trailing = dict(error.trailing_metadata() or ())
    kind = errors.named(str(trailing["problem"]))
    assert error.code() is kind.grpc
    wrong = (await details(error)).get("BadRequest")
    pushback_ms = trailing.get("grpc-retry-pushback-ms")
    return Answer(
        slug=kind.slug,
        detail=error.details() or "",
        field=wrong.field_violations[0].field if wrong else "",
        retry_after_s=int(pushback_ms) // 1000 if pushback_ms else None,
    )
