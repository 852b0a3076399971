"""Who does which job, and when."""

import asyncio

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.engine import JOBS_AT_ONCE
from gateway.bulk.item_store import ItemStore
from gateway.bulk.worker import Worker
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, accepted, application, images, stored, unqueued
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until


async def test_the_jobs_of_a_fifth_account_wait_for_a_place(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    many = settings.model_copy(update={"codec_threads": 2 * JOBS_AT_ONCE})
    async with application(model, many) as bulk:
        model.delay_s = 2
        made = []
        for number in range(JOBS_AT_ONCE + 1):
            account = AccountStore(bulk.engine).create(f"account {number}")
            bulk.client.headers["X-API-Key"] = KeyStore(bulk.engine).create("k", account.id)[1]
            made.append(await accepted(bulk, images(photo())))
        jobs = bulk.intake.jobs
        await until(lambda: all(jobs.get(job_id).finished_at for job_id in made), 30)
        done = [jobs.get(job_id) for job_id in made]
        assert {job.status for job in done} == {"completed"}
        started = sorted(job.started_at for job in done if job.started_at)
        first_end = min(job.finished_at for job in done if job.finished_at)
        assert started[JOBS_AT_ONCE - 1] < first_end <= started[JOBS_AT_ONCE]


async def test_two_workers_of_one_job_end_each_image_once(
    bulk: Bulk, model: HalfModel, photo: Photo, settings: Settings
) -> None:
    """One was thought to be dead, and was only slow."""
    model.delay_s = 0.2
    sent = [photo()] * 6
    job_id = await unqueued(bulk, *sent)
    intake = bulk.intake
    workers = [
        Worker(intake.remover, intake.jobs, ItemStore(bulk.engine), intake.storage, at_once=2)
        for _ in "ab"
    ]
    await asyncio.gather(*[worker.work_off(job_id) for worker in workers])
    assert model.calls > len(sent), "both were at it"
    job = await bulk.job(job_id)
    assert (job["status"], job["counts"]["succeeded"]) == ("completed", len(sent))
    assert [key.images for key in KeyStore(bulk.engine).list()] == [len(sent)]
    kept = sorted(path.relative_to(settings.data_dir / "bulk") for path in stored(settings))
    assert [str(path) for path in kept] == [f"{job_id}/out/{n}" for n in range(len(sent))]
