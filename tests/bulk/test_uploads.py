"""Jobs that arrive over gRPC: repeated, incomplete, or while the service stops."""

import asyncio
from typing import Any

import grpc
import pytest
from clearbg.v1 import bulk_calls_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from prometheus_client import REGISTRY

from gateway.bulk.draft_store import DraftStore
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, stored_blobs
from tests.bulk.submissions import (
    TRANSPORTS,
    Submission,
    as_outcome,
    messages,
    submit_over_grpc,
    submit_over_http,
)
from tests.half_model import HalfModel
from tests.listening import listening
from tests.rest.cases import Photo
from tests.waiting import until


async def test_a_job_repeated_over_either_transport_is_created_once(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    """Over either transport, whichever the first request used."""
    submission = Submission([photo()], {"size": "32x32"}, ["a"], key="k-1")
    first = await submit_over_grpc(bulk, submission)
    again = await submit_over_grpc(bulk, submission)
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert await submit_over_http(bulk, submission) == again
    assert again.job_id == first.job_id
    other = [
        await submit_over(bulk, Submission([photo()], key="k-1"))
        for submit_over in TRANSPORTS.values()
    ]
    assert other[0] == other[1]
    assert other[0].slug == "key-reused"
    assert len((await bulk.client.get("/v1/bulk")).json()["jobs"]) == 1
    assert {path.parent.parent.name for path in stored_blobs(settings)} <= {first.job_id}


async def test_a_job_that_is_still_arriving_is_reported_as_in_progress(
    bulk: Bulk, photo: Photo
) -> None:
    submission = Submission([photo()], key="k-1")
    metadata = (*bulk.metadata(), ("idempotency-key", "k-1"))
    arriving = bulk.stub.CreateBulkJob(metadata=metadata)
    for message in messages(submission):
        await arriving.write(message)
    await until(lambda: open_jobs(bulk) == 1)
    outcomes = [await submit_over(bulk, submission) for submit_over in TRANSPORTS.values()]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].slug == "in-progress"
    await arriving.done_writing()
    job_id = (await arriving).job.job_id
    assert (await submit_over_grpc(bulk, submission)).job_id == job_id


def open_jobs(bulk: Bulk) -> int:
    return bulk.drafts.count_unfinished(1)


def upload_bytes() -> float | None:
    return REGISTRY.get_sample_value("clearbg_upload_bytes_in_flight")


@pytest.mark.parametrize("ending", ["cancels", "is late", "hangs up", "sends too much"])
async def test_nothing_is_stored_of_a_client_that_disconnects(
    bulk: Bulk, photo: Photo, settings: Settings, ending: str
) -> None:
    timeout = 3 if ending == "is late" else None
    call = bulk.stub.CreateBulkJob(metadata=bulk.metadata(), timeout=timeout)
    for message in messages(Submission([photo()] * 3, shared={"bg_image": photo()})):
        await call.write(message)
    await until(lambda: len(stored_blobs(settings)) == 4)
    assert upload_bytes() == 2 * settings.max_image_bytes
    if ending == "cancels":
        call.cancel()
    elif ending == "hangs up":
        await bulk.channel.close()
    elif ending == "sends too much":
        await call.write(pb.CreateBulkJobRequest(image=pb.BulkSource(image=bytes(4_000_000))))
    await until(lambda: (open_jobs(bulk), stored_blobs(settings), upload_bytes()) == (0, [], 0))
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_an_interrupted_upload_is_never_accepted(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    """Wherever the upload breaks off: gRPC ends the stream of messages as if it were complete."""

    async def interrupt(after_s: float) -> None:
        call = bulk.stub.CreateBulkJob(metadata=bulk.metadata())
        for message in messages(Submission([photo()])):
            await call.write(message)
        await asyncio.sleep(after_s)
        call.cancel()

    await asyncio.gather(*(interrupt(number / 500) for number in range(50)))
    await until(lambda: (open_jobs(bulk), stored_blobs(settings), upload_bytes()) == (0, [], 0))
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_a_stopping_service_ends_watches_and_uploads(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    model.most = 2
    chosen = settings.model_copy(update={"shutdown_timeout_s": 600})
    with listening(model, chosen, jobs=True) as service:
        target = service.urls["grpc"].removeprefix("grpc://")
        metadata = (("x-api-key", service.new_key()),)
        async with grpc.aio.insecure_channel(target) as channel:
            stub: Any = BackgroundRemovalServiceStub(channel)
            submission = messages(Submission([photo()] * 40))
            job = (await stub.CreateBulkJob(submission, metadata=metadata)).job
            watch = stub.WatchBulkJob(pb.WatchBulkJobRequest(job_id=job.job_id), metadata=metadata)
            await watch.read()
            upload = stub.CreateBulkJob(metadata=metadata)
            for message in messages(Submission([photo()])):
                await upload.write(message)
            await until(lambda: DraftStore(service.engine).count_unfinished(1) == 2)
            stopping_at = asyncio.get_running_loop().time()
            stop = asyncio.create_task(asyncio.to_thread(service.stop))
            await until(service.stopping.is_set)
            model.delay_s, model.most = 0.5, 40
            await stop
            assert asyncio.get_running_loop().time() - stopping_at < 60
            for end in (read_to_end(watch), upload):
                with pytest.raises(grpc.aio.AioRpcError) as ended:
                    await end
                assert (await as_outcome(ended.value)).slug == "model-unavailable"
    assert {path.parent.parent.name for path in stored_blobs(settings)} == {job.job_id}


async def read_to_end(watch: Any) -> None:
    while await watch.read() is not grpc.aio.EOF:
        pass
