"""Which worker processes which job, and when."""

import asyncio
import math

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job_queue import MAX_JOBS
from gateway.bulk.worker import Worker
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, application, create_unqueued_job, images, stored_blobs, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until


async def test_the_job_of_a_fifth_account_waits(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    many = settings.model_copy(update={"codec_threads": 2 * MAX_JOBS})
    async with application(model, many) as bulk:
        model.most = 0
        job_ids = []
        for number in range(MAX_JOBS + 1):
            account = AccountStore(bulk.engine).create(f"account {number}")
            bulk.client.headers["X-API-Key"] = KeyStore(bulk.engine).create("k", account.id)[1]
            job_ids.append(await submit(bulk, images(photo())))
        jobs = bulk.jobs
        await until(
            lambda: sum(bool(jobs.get(job_id).started_at) for job_id in job_ids) == MAX_JOBS
        )
        model.most = len(job_ids)
        await until(lambda: all(jobs.get(job_id).finished_at for job_id in job_ids))
        finished = [jobs.get(job_id) for job_id in job_ids]
        assert {job.status for job in finished} == {"completed"}
        started = sorted(job.started_at for job in finished if job.started_at)
        first_end = min(job.finished_at for job in finished if job.finished_at)
        assert started[MAX_JOBS - 1] < first_end <= started[MAX_JOBS]


async def test_two_workers_of_one_job_finish_each_image_once(
    bulk: Bulk, model: HalfModel, photo: Photo, settings: Settings
) -> None:
    """One was slow, and was taken for dead."""
    model.most = 0
    files = [photo()] * 6
    job_id = await create_unqueued_job(bulk, *files)
    workers = [
        Worker(bulk.worker._remover, bulk.jobs, ItemStore(bulk.engine), bulk.storage, max_images=2)
        for _ in "ab"
    ]
    processing = asyncio.gather(*[worker.process(job_id) for worker in workers])
    await until(lambda: model.calls >= 4)  # each worker has started two images
    model.most = math.inf
    await processing
    assert model.calls > len(files), "both have processed images"
    job = await bulk.get(job_id)
    assert (job["status"], job["counts"]["succeeded"]) == ("completed", len(files))
    assert [key.images for key in KeyStore(bulk.engine).list()] == [len(files)]
    paths = sorted(path.relative_to(settings.data_dir / "bulk") for path in stored_blobs(settings))
    assert [str(path) for path in paths] == [f"{job_id}/out/{n}" for n in range(len(files))]
