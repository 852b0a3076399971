"""Jobs that arrive over gRPC: again, in part, or when the service stops."""

import asyncio
from typing import Any

import grpc
import pytest
from clearbg.v1 import bulk_calls_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from prometheus_client import REGISTRY

from gateway.bulk.job_store import JobStore
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, stored
from tests.bulk.sending import SENDERS, Sent, by_grpc, by_http, messages, refusal
from tests.half_model import HalfModel
from tests.listening import listening
from tests.rest.cases import Photo
from tests.waiting import until


async def test_what_is_sent_again_makes_no_second_job(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    """Over either transport, whichever came first."""
    sent = Sent([photo()], {"size": "32x32"}, ["a"], key="k-1")
    first, again = await by_grpc(bulk, sent), await by_grpc(bulk, sent)
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert await by_http(bulk, sent) == again
    assert again.job_id == first.job_id
    other = [await send(bulk, Sent([photo()], key="k-1")) for send in SENDERS.values()]
    assert other[0] == other[1]
    assert other[0].slug == "key-reused"
    assert len((await bulk.client.get("/v1/bulk")).json()["jobs"]) == 1
    assert {path.parent.parent.name for path in stored(settings)} <= {first.job_id}


async def test_what_is_still_arriving_is_told(bulk: Bulk, photo: Photo) -> None:
    sent = Sent([photo()], key="k-1")
    metadata = (*bulk.metadata(), ("idempotency-key", "k-1"))
    arriving = bulk.stub.CreateBulkJob(metadata=metadata)
    for message in messages(sent):
        await arriving.write(message)
    await until(lambda: open_jobs(bulk) == 1)
    said = [await send(bulk, sent) for send in SENDERS.values()]
    assert said[0] == said[1]
    assert said[0].slug == "in-progress"
    await arriving.done_writing()
    job_id = (await arriving).job.job_id
    assert (await by_grpc(bulk, sent)).job_id == job_id


def open_jobs(bulk: Bulk) -> int:
    return JobStore(bulk.engine).open(1)


def upload_bytes() -> float | None:
    return REGISTRY.get_sample_value("clearbg_upload_bytes_in_flight")


@pytest.mark.parametrize("goes", ["cancels", "is late", "hangs up", "sends too much"])
async def test_a_client_that_goes_leaves_nothing_behind(
    bulk: Bulk, photo: Photo, settings: Settings, goes: str
) -> None:
    timeout = 1 if goes == "is late" else None
    call = bulk.stub.CreateBulkJob(metadata=bulk.metadata(), timeout=timeout)
    for message in messages(Sent([photo()] * 3, backdrop=photo())):
        await call.write(message)
    await until(lambda: len(stored(settings)) == 4)
    assert upload_bytes() == 2 * settings.max_image_bytes
    if goes == "cancels":
        call.cancel()
    elif goes == "hangs up":
        await bulk.channel.close()
    elif goes == "sends too much":
        await call.write(pb.CreateBulkJobRequest(image=pb.BulkSource(image=bytes(4_000_000))))
    await until(lambda: (open_jobs(bulk), stored(settings), upload_bytes()) == (0, [], 0))
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_a_part_of_a_job_is_never_taken_for_all_of_it(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    """Whenever it breaks off: gRPC's stream of messages just ends then."""

    async def cut_off(after_s: float) -> None:
        call = bulk.stub.CreateBulkJob(metadata=bulk.metadata())
        for message in messages(Sent([photo()])):
            await call.write(message)
        await asyncio.sleep(after_s)
        call.cancel()

    await asyncio.gather(*(cut_off(number / 500) for number in range(50)))
    await until(lambda: (open_jobs(bulk), stored(settings), upload_bytes()) == (0, [], 0))
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_a_stopping_service_lets_watchers_and_uploads_go(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    model.delay_s = 0.5
    chosen = settings.model_copy(update={"shutdown_timeout_s": 20})
    with listening(model, chosen, jobs=True) as service:
        target = service.urls["grpc"].removeprefix("grpc://")
        metadata = (("x-api-key", service.new_key()),)
        async with grpc.aio.insecure_channel(target) as channel:
            stub: Any = BackgroundRemovalServiceStub(channel)
            sent = messages(Sent([photo()] * 40))
            job = (await stub.CreateBulkJob(sent, metadata=metadata)).job
            watching = stub.WatchBulkJob(
                pb.WatchBulkJobRequest(job_id=job.job_id), metadata=metadata
            )
            await watching.read()
            upload = stub.CreateBulkJob(metadata=metadata)
            for message in messages(Sent([photo()])):
                await upload.write(message)
            await until(lambda: JobStore(service.engine).open(1) == 2)
            stopping_at = asyncio.get_running_loop().time()
            await asyncio.to_thread(service.stop)
            assert asyncio.get_running_loop().time() - stopping_at < 10
            for end in (rest(watching), upload):
                with pytest.raises(grpc.aio.AioRpcError) as ended:
                    await end
                assert (await refusal(ended.value)).slug == "model-unavailable"
    assert {path.parent.parent.name for path in stored(settings)} == {job.job_id}


async def rest(watching: Any) -> None:
    while await watching.read() is not grpc.aio.EOF:
        pass
