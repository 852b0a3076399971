"""The gRPC methods of bulk jobs, compared with HTTP."""

import json
from collections.abc import Iterable
from typing import Any

import grpc
import pytest
from clearbg.v1 import bulk_calls_pb2 as pb
from clearbg.v1 import bulk_job_pb2 as job_pb

from gateway.options import parse
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, images, submit
from tests.bulk.submissions import TRANSPORTS, Submission, as_outcome, submit_over_grpc
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rpc.calls import Both
from tests.rpc.conftest import gateway
from tests.waiting import until

__all__ = ["gateway"]


async def result(bulk: Bulk, job_id: str, index: int) -> tuple[pb.BulkResult, bytes]:
    """Return a result's description, and the file."""
    request = pb.GetBulkResultRequest(job_id=job_id, index=index)
    parts = [part async for part in bulk.stub.GetBulkResult(request, metadata=bulk.metadata())]
    assert {part.WhichOneof("part") for part in parts[1:]} == {"chunk"}
    return parts[0].file, b"".join(part.chunk for part in parts[1:])


async def watch(bulk: Bulk, job_id: str, token: str = "") -> list[pb.WatchBulkJobResponse]:
    """Watch a job until the stream ends, and return all events."""
    request = pb.WatchBulkJobRequest(job_id=job_id, resume_token=token)
    return [event async for event in bulk.stub.WatchBulkJob(request, metadata=bulk.metadata())]


def numbers(events: Iterable[pb.WatchBulkJobResponse]) -> list[int]:
    return sorted(event.image.index for event in events if event.HasField("image"))


async def test_jobs_and_results_equal_those_of_http(bulk: Bulk, photo: Photo) -> None:
    texts = {"size": "300x300", "shadow": "20", "metadata": '{"order": 12, "ü": "x"}'}
    intact = photo(60, 40)
    submission = Submission([intact, intact[:-50], photo(500, 500)], texts, ["a", "", "ü/x"])
    created = await submit_over_grpc(bulk, submission)
    over_http = await bulk.wait_until_ended(created.job_id)
    request = pb.GetBulkJobRequest(job_id=created.job_id)
    job = (await bulk.stub.GetBulkJob(request, metadata=bulk.metadata())).job

    assert job_pb.BulkJobStatus.Name(job.status) == "BULK_JOB_STATUS_PARTIAL"
    assert json.loads(job.metadata) == over_http["metadata"] == {"order": 12, "ü": "x"}
    assert {name: getattr(job.counts, name) for name in over_http["counts"]} == over_http["counts"]
    for name in ("created_at", "started_at", "finished_at", "expires_at"):
        time = getattr(job, name).ToDatetime().isoformat(timespec="milliseconds")
        assert f"{time}+00:00" == over_http[name]
    assert not job.HasField("canceled_at")
    for image, item in zip(job.images, over_http["items"], strict=True):
        assert (image.index, image.name) == (item["index"], item["name"])
        assert image.custom_id == (item["custom_id"] or "")
        if "problem" in item:
            assert f"/problems/{image.problem.slug}" == item["problem"]["type"]
            assert image.problem.detail == item["problem"]["detail"]
            assert image.problem.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
            continue
        for name in ("media_type", "width", "height", "size_bytes"):
            assert getattr(image, name) == item[name]
        submit_over_http = await bulk.client.get(item["result_url"])
        file, data = await result(bulk, created.job_id, image.index)
        assert data == submit_over_http.content
        assert file.size_bytes == len(data)
        assert file.media_type == submit_over_http.headers["content-type"]
        assert f'"{file.name}"' in submit_over_http.headers["content-disposition"]


@pytest.mark.parametrize("options", [{}, {"format": "jpg", "size": "32x32", "shadow": "40"}])
async def test_both_transports_create_the_same_job(
    bulk: Bulk, photo: Photo, options: dict[str, str], settings: Settings
) -> None:
    shared = {"bg_image": photo(20, 20), "mask": photo(9, 7), "trimap": photo(60, 40)}
    submission = Submission([photo(60, 40), photo(30, 30)], options, shared=shared)
    jobs = [(await submit_over(bulk, submission)).job_id for submit_over in TRANSPORTS.values()]
    results = []
    for job_id in jobs:
        await bulk.wait_until_ended(job_id)
        results.append([(await result(bulk, job_id, index))[1] for index in range(2)])
    assert results[0] == results[1]
    stored_jobs = [bulk.jobs.get(job_id) for job_id in jobs]
    assert parse(stored_jobs[0].options) == parse(stored_jobs[1].options)
    assert [item.name for item in stored_jobs[0].items] == [
        item.name for item in stored_jobs[1].items
    ]


async def test_a_missing_result_is_reported_as_no_result(bulk: Bulk, photo: Photo) -> None:
    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
    for index in (1, 2**32 - 1):
        with pytest.raises(grpc.aio.AioRpcError) as rejected:
            await result(bulk, job_id, index)
        assert (await as_outcome(rejected.value)).slug == "no-result"


async def test_a_redirected_result_is_answered_with_its_url(
    bulk: Bulk, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def presigned_url(path: str) -> str:
        return f"https://s3.example/{path}?signed"

    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
    monkeypatch.setattr(bulk.storage, "presigned_url", presigned_url)
    monkeypatch.setattr(bulk.services.results, "_redirects", True)
    request = pb.GetBulkResultRequest(job_id=job_id)
    parts = [part async for part in bulk.stub.GetBulkResult(request, metadata=bulk.metadata())]
    assert [part.file.url for part in parts] == [f"https://s3.example/{job_id}/out/0?signed"]


async def test_a_watch_reports_each_image_once_and_then_the_end(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.2
    job_id = (await submit_over_grpc(bulk, Submission([photo()] * 6))).job_id
    events = await watch(bulk, job_id)
    assert numbers(events) == [0, 1, 2, 3, 4, 5]
    assert events[-1].job.status == job_pb.BULK_JOB_STATUS_COMPLETED
    assert events[-1].job.counts.succeeded == 6


async def test_a_watch_continues_after_its_resume_token(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.2
    job_id = (await submit_over_grpc(bulk, Submission([photo()] * 8))).job_id
    stream = bulk.stub.WatchBulkJob(pb.WatchBulkJobRequest(job_id=job_id), metadata=bulk.metadata())
    first = [await stream.read() for _ in range(3)]
    stream.cancel()
    rest = await watch(bulk, job_id, first[-1].resume_token)
    assert sorted(numbers(first) + numbers(rest)) == list(range(8))
    assert [event.WhichOneof("news") for event in rest[-1:]] == ["job"]
    ended = await watch(bulk, job_id, rest[-1].resume_token)
    assert [event.WhichOneof("news") for event in ended] == ["job"]
    assert numbers(await watch(bulk, job_id, "no token")) == list(range(8))


async def test_a_canceled_job_keeps_its_finished_images(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.most = 2
    job_id = (await submit_over_grpc(bulk, Submission([photo()] * 12))).job_id
    await until(lambda: bulk.jobs.get(job_id).counts["succeeded"] > 0)
    request = pb.CancelBulkJobRequest(job_id=job_id)
    answer = await bulk.stub.CancelBulkJob(request, metadata=bulk.metadata())
    model.most = 12
    assert answer.job.HasField("canceled_at")
    assert len(answer.job.images) == 12
    end = (await watch(bulk, job_id))[-1].job
    assert end.status == job_pb.BULK_JOB_STATUS_CANCELED
    assert end.counts.succeeded + end.counts.canceled == 12
    assert end.counts.canceled > 0


async def test_a_deleted_job_cannot_be_found(bulk: Bulk, photo: Photo) -> None:
    job_id = (await submit_over_grpc(bulk, Submission([photo()]))).job_id
    request = pb.DeleteBulkJobRequest(job_id=job_id)
    await bulk.stub.DeleteBulkJob(request, metadata=bulk.metadata())
    assert (await bulk.client.get(f"/v1/bulk/{job_id}")).status_code == 404
    with pytest.raises(grpc.aio.AioRpcError) as rejected:
        await bulk.stub.DeleteBulkJob(request, metadata=bulk.metadata())
    assert (await as_outcome(rejected.value)).slug == "no-job"


async def test_jobs_are_listed_page_by_page(bulk: Bulk, photo: Photo) -> None:
    job_ids = [(await submit_over_grpc(bulk, Submission([photo()]))).job_id for _ in range(3)]

    async def page(**fields: Any) -> pb.ListBulkJobsResponse:
        request = pb.ListBulkJobsRequest(**fields)
        answer: pb.ListBulkJobsResponse = await bulk.stub.ListBulkJobs(
            request, metadata=bulk.metadata()
        )
        return answer

    first = await page(limit=2)
    assert [job.job_id for job in first.jobs] == [job_ids[2], job_ids[1]]
    assert not first.jobs[0].images
    second = await page(limit=1000, before=first.next_before)
    assert [job.job_id for job in second.jobs] == [job_ids[0]]
    assert not second.HasField("next_before")
    assert len((await page()).jobs) == 3
    with pytest.raises(grpc.aio.AioRpcError) as rejected:
        await page(before={"seconds": 2**62})
    assert (await as_outcome(rejected.value)).field == "before"


async def test_without_bulk_jobs_the_calls_are_unimplemented(gateway: Both) -> None:
    request = pb.GetBulkJobRequest(job_id="job_x")
    with pytest.raises(grpc.aio.AioRpcError) as rejected:
        await gateway.stub.GetBulkJob(request, metadata=gateway.metadata())
    assert rejected.value.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("before", ["0001-01-01T00:07:21+04:20", "9999-12-31T23:00:00-02:00"])
async def test_a_page_outside_the_years_1_to_9999_is_rejected(bulk: Bulk, before: str) -> None:
    for path in ("/v1/bulk", "/v1/webhooks/deliveries"):
        answer = await bulk.client.get(path, params={"before": before})
        assert (answer.status_code, answer.json()["field"]) == (400, "before")
