"""What the calls of bulk jobs say over gRPC, beside what HTTP says."""

import json
from collections.abc import Iterable
from typing import Any

import grpc
import pytest
from clearbg.v1 import bulk_calls_pb2 as pb
from clearbg.v1 import bulk_job_pb2 as job_pb

from gateway.options import parse
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, accepted, images
from tests.bulk.sending import SENDERS, Sent, by_grpc, refusal
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rpc.calls import Both
from tests.rpc.conftest import gateway
from tests.waiting import until

__all__ = ["gateway"]


async def result(bulk: Bulk, job_id: str, index: int) -> tuple[pb.BulkResult, bytes]:
    """One result: what it is, and the file."""
    request = pb.GetBulkResultRequest(job_id=job_id, index=index)
    parts = [part async for part in bulk.stub.GetBulkResult(request, metadata=bulk.metadata())]
    assert {part.WhichOneof("part") for part in parts[1:]} == {"chunk"}
    return parts[0].file, b"".join(part.chunk for part in parts[1:])


async def told(bulk: Bulk, job_id: str, token: str = "") -> list[pb.WatchBulkJobResponse]:
    """All news of a job."""
    request = pb.WatchBulkJobRequest(job_id=job_id, resume_token=token)
    return [news async for news in bulk.stub.WatchBulkJob(request, metadata=bulk.metadata())]


def numbers(news: Iterable[pb.WatchBulkJobResponse]) -> list[int]:
    return sorted(one.image.index for one in news if one.HasField("image"))


async def test_jobs_and_results_are_those_of_http(bulk: Bulk, photo: Photo) -> None:
    texts = {"size": "300x300", "shadow": "20", "metadata": '{"order": 12, "ü": "x"}'}
    whole = photo(60, 40)
    sent = Sent([whole, whole[:-50], photo(500, 500)], texts, ["a", "", "ü/x"])
    made = await by_grpc(bulk, sent)
    theirs = await bulk.ended(made.job_id)
    request = pb.GetBulkJobRequest(job_id=made.job_id)
    job = (await bulk.stub.GetBulkJob(request, metadata=bulk.metadata())).job

    assert job_pb.BulkJobStatus.Name(job.status) == "BULK_JOB_STATUS_PARTIAL"
    assert json.loads(job.metadata) == theirs["metadata"] == {"order": 12, "ü": "x"}
    assert {name: getattr(job.counts, name) for name in theirs["counts"]} == theirs["counts"]
    for name in ("created_at", "started_at", "finished_at", "expires_at"):
        said = getattr(job, name).ToDatetime().isoformat(timespec="milliseconds")
        assert f"{said}+00:00" == theirs[name]
    assert not job.HasField("canceled_at")
    for image, item in zip(job.images, theirs["items"], strict=True):
        assert (image.index, image.name) == (item["index"], item["name"])
        assert image.custom_id == (item["custom_id"] or "")
        if "problem" in item:
            assert f"/problems/{image.problem.slug}" == item["problem"]["type"]
            assert image.problem.detail == item["problem"]["detail"]
            assert image.problem.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
            continue
        for name in ("media_type", "width", "height", "size_bytes"):
            assert getattr(image, name) == item[name]
        by_http = await bulk.client.get(item["result_url"])
        file, data = await result(bulk, made.job_id, image.index)
        assert data == by_http.content
        assert file.size_bytes == len(data)
        assert file.media_type == by_http.headers["content-type"]
        assert f'"{file.name}"' in by_http.headers["content-disposition"]


@pytest.mark.parametrize("options", [{}, {"format": "jpg", "size": "32x32", "shadow": "40"}])
async def test_both_make_the_same_job(
    bulk: Bulk, photo: Photo, options: dict[str, str], settings: Settings
) -> None:
    sent = Sent([photo(60, 40), photo(30, 30)], options, backdrop=photo(20, 20))
    jobs = [(await send(bulk, sent)).job_id for send in SENDERS.values()]
    results = []
    for job_id in jobs:
        await bulk.ended(job_id)
        results.append([(await result(bulk, job_id, index))[1] for index in range(2)])
    assert results[0] == results[1]
    kept = [bulk.intake.jobs.get(job_id) for job_id in jobs]
    assert parse(kept[0].options) == parse(kept[1].options)
    assert [item.name for item in kept[0].items] == [item.name for item in kept[1].items]


async def test_a_result_that_is_not_there_is_told(bulk: Bulk, photo: Photo) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    for index in (1, 2**32 - 1):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await result(bulk, job_id, index)
        assert (await refusal(refused.value)).slug == "no-result"


async def test_a_result_that_lies_elsewhere_is_told_as_a_link(
    bulk: Bulk, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def link(path: str) -> str:
        return f"https://s3.example/{path}?signed"

    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    monkeypatch.setattr(bulk.intake.storage, "link", link)
    redirecting = bulk.intake._settings.model_copy(update={"bulk_results": "redirect"})
    monkeypatch.setattr(bulk.intake, "_settings", redirecting)
    request = pb.GetBulkResultRequest(job_id=job_id)
    parts = [part async for part in bulk.stub.GetBulkResult(request, metadata=bulk.metadata())]
    assert [part.file.url for part in parts] == [f"https://s3.example/{job_id}/out/0?signed"]


async def test_each_image_is_told_once_and_the_end_last(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.2
    job_id = (await by_grpc(bulk, Sent([photo()] * 6))).job_id
    news = await told(bulk, job_id)
    assert numbers(news) == [0, 1, 2, 3, 4, 5]
    assert news[-1].job.status == job_pb.BULK_JOB_STATUS_COMPLETED
    assert news[-1].job.counts.succeeded == 6


async def test_a_watch_goes_on_from_its_token(bulk: Bulk, model: HalfModel, photo: Photo) -> None:
    model.delay_s = 0.2
    job_id = (await by_grpc(bulk, Sent([photo()] * 8))).job_id
    watching = bulk.stub.WatchBulkJob(
        pb.WatchBulkJobRequest(job_id=job_id), metadata=bulk.metadata()
    )
    first = [await watching.read() for _ in range(3)]
    watching.cancel()
    rest = await told(bulk, job_id, first[-1].resume_token)
    assert sorted(numbers(first) + numbers(rest)) == list(range(8))
    assert [news.WhichOneof("news") for news in rest[-1:]] == ["job"]
    ended = await told(bulk, job_id, rest[-1].resume_token)
    assert [news.WhichOneof("news") for news in ended] == ["job"]
    assert numbers(await told(bulk, job_id, "no token")) == list(range(8))


async def test_a_canceled_job_keeps_what_is_done(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.3
    job_id = (await by_grpc(bulk, Sent([photo()] * 12))).job_id
    await until(lambda: bulk.intake.jobs.get(job_id).counts["succeeded"] > 0)
    request = pb.CancelBulkJobRequest(job_id=job_id)
    answer = await bulk.stub.CancelBulkJob(request, metadata=bulk.metadata())
    assert answer.job.HasField("canceled_at")
    assert len(answer.job.images) == 12
    end = (await told(bulk, job_id))[-1].job
    assert end.status == job_pb.BULK_JOB_STATUS_CANCELED
    assert end.counts.succeeded + end.counts.canceled == 12
    assert end.counts.canceled > 0


async def test_a_deleted_job_is_gone(bulk: Bulk, photo: Photo) -> None:
    job_id = (await by_grpc(bulk, Sent([photo()]))).job_id
    request = pb.DeleteBulkJobRequest(job_id=job_id)
    await bulk.stub.DeleteBulkJob(request, metadata=bulk.metadata())
    assert (await bulk.client.get(f"/v1/bulk/{job_id}")).status_code == 404
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await bulk.stub.DeleteBulkJob(request, metadata=bulk.metadata())
    assert (await refusal(refused.value)).slug == "no-job"


async def test_jobs_are_listed_by_pages(bulk: Bulk, photo: Photo) -> None:
    made = [(await by_grpc(bulk, Sent([photo()]))).job_id for _ in range(3)]

    async def page(**asked: Any) -> pb.ListBulkJobsResponse:
        request = pb.ListBulkJobsRequest(**asked)
        answer: pb.ListBulkJobsResponse = await bulk.stub.ListBulkJobs(
            request, metadata=bulk.metadata()
        )
        return answer

    first = await page(limit=2)
    assert [job.job_id for job in first.jobs] == [made[2], made[1]]
    assert not first.jobs[0].images
    second = await page(limit=1000, before=first.next_before)
    assert [job.job_id for job in second.jobs] == [made[0]]
    assert not second.HasField("next_before")
    assert len((await page()).jobs) == 3
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await page(before={"seconds": 2**62})
    assert (await refusal(refused.value)).field == "before"


async def test_without_an_intake_there_are_no_such_calls(gateway: Both) -> None:
    request = pb.GetBulkJobRequest(job_id="job_x")
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.stub.GetBulkJob(request, metadata=gateway.metadata())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
