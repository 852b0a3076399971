"""What the sweeper recovers and deletes."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest
from sqlalchemy.orm import Session

from gateway.accounts.keys import KeyStore
from gateway.bulk.heartbeats import Heartbeats
from gateway.bulk.recovery_store import RecoveryStore
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.tables import JobRow
from gateway.bulk.worker_store import WorkerStore
from gateway.results import Result
from gateway.settings import Settings
from gateway.webhooks.delivery_store import DeliveryStore
from tests.bulk.conftest import Bulk, create_unqueued_job, images, stored_blobs, submit
from tests.rest.cases import Photo
from tests.waiting import until


async def test_a_deleted_job_is_hidden_at_once_and_swept_later(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
    assert (await bulk.client.delete(f"/v1/bulk/{job_id}")).status_code == 204
    assert (await bulk.client.get(f"/v1/bulk/{job_id}")).status_code == 404
    await sweep(bulk)
    assert stored_blobs(settings) == []


async def test_only_expired_jobs_are_swept(bulk: Bulk, photo: Photo, settings: Settings) -> None:
    old, new = [await submit(bulk, images(photo())) for _ in range(2)]
    for job_id in (old, new):
        await bulk.wait_until_ended(job_id)
    age(bulk, old, settings.bulk_ttl_h + 1)
    await sweep(bulk)
    expired = await bulk.get(old)
    assert (expired["status"], expired["archive_url"]) == ("expired", None)
    assert "result_url" not in expired["items"][0]
    assert (await bulk.client.get(f"/v1/bulk/{old}/items/0")).status_code == 404
    assert (await bulk.client.get(f"/v1/bulk/{old}/archive")).status_code == 404
    assert len(stored_blobs(settings)) == 1
    assert (await bulk.client.get(f"/v1/bulk/{new}/items/0")).status_code == 200


async def test_an_abandoned_draft_is_swept_long_before_a_job(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    key = KeyStore(bulk.engine).list()[0]
    for job_id in ("old", "new"):
        bulk.drafts.create(job_id, account_id=key.account_id, key_id=key.id, idempotency_key="")
        await bulk.storage.put(f"{job_id}/in/0", photo())
    age(bulk, "old", 1.1)
    await sweep(bulk)
    assert [path.parts[-3] for path in stored_blobs(settings)] == ["new"]


async def test_the_key_of_an_abandoned_draft_can_soon_be_used_again(
    bulk: Bulk, photo: Photo
) -> None:
    key = KeyStore(bulk.engine).list()[0]
    bulk.drafts.create("job_dead", account_id=key.account_id, key_id=key.id, idempotency_key="k")
    headers = {"Idempotency-Key": "k"}
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), headers=headers)
    assert answer.status_code == 409
    age(bulk, "job_dead", 0.05)
    await sweep(bulk)
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), headers=headers)
    assert answer.status_code == 202


async def test_a_job_that_dbos_gave_up_is_restarted(
    bulk: Bulk, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = bulk.queue
    with monkeypatch.context() as patched:
        patched.setattr(queue, "_process_job", AsyncMock(side_effect=RuntimeError("a bug")))
        job_id = await submit(bulk, images(photo()))
        async with asyncio.timeout(20):
            while not await queue.failed_jobs():  # noqa: ASYNC110 # there is no event to wait for
                await asyncio.sleep(0.1)
    assert bulk.jobs.get(job_id).status == "processing"
    await sweep(bulk)
    assert (await bulk.wait_until_ended(job_id))["status"] == "completed"


async def test_a_result_stored_after_the_sweep_is_deleted(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
    job = bulk.jobs.get(job_id)
    age(bulk, job_id, settings.bulk_ttl_h + 1)
    await sweep(bulk)
    result = Result(b"late", "image/png", 1, 1, None, 1, {}, "", "", "isnet", 1)
    await bulk.worker._store_result(job, 0, result)
    assert stored_blobs(settings) == []


async def test_a_partial_file_of_a_killed_process_is_deleted_with_its_job(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job_id = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(job_id)
    (settings.data_dir / "bulk" / job_id / "out" / "0#1").write_bytes(b"half")
    await bulk.client.delete(f"/v1/bulk/{job_id}")
    await sweep(bulk)
    assert not (settings.data_dir / "bulk" / job_id).exists()


async def test_a_job_whose_process_died_before_enqueuing_it_is_processed(
    bulk: Bulk, photo: Photo
) -> None:
    job_id = await create_unqueued_job(bulk, photo(), photo())
    await sweep(bulk)
    assert (await bulk.wait_until_ended(job_id))["counts"]["succeeded"] == 2


async def test_a_job_whose_end_dbos_cannot_record_delays_no_other(
    bulk: Bulk, photo: Photo, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = bulk.jobs
    with failing_writes(settings, "UPDATE", "new.status IN ('SUCCESS', 'ERROR')"):
        job_ids = [await submit(bulk, images(photo())) for _ in range(2)]
        # DBOS logs this when it gives up one of them.
        await until(lambda: "asynchronous workflow" in caplog.text, 20)
    assert sorted(jobs.get(job_id).status for job_id in job_ids) == ["completed", "processing"]
    for _ in range(2):
        await sweep(bulk)
    for job_id in job_ids:
        assert (await bulk.wait_until_ended(job_id))["status"] == "completed"
    assert [key.images for key in KeyStore(bulk.engine).list()] == [2]


async def test_expired_jobs_are_swept_while_none_can_be_enqueued(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    old = await submit(bulk, images(photo()))
    await bulk.wait_until_ended(old)
    age(bulk, old, settings.bulk_ttl_h + 1)
    with failing_writes(settings, "INSERT", "true"):
        new = await create_unqueued_job(bulk, photo())
        await sweep(bulk)
        assert {path.parts[-3] for path in stored_blobs(settings)} == {new}
    await sweep(bulk)
    await bulk.wait_until_ended(new)


@contextmanager
def failing_writes(settings: Settings, change: str, when: str) -> Iterator[None]:
    """Let some writes to the database of DBOS fail inside the block."""
    trigger = f"""CREATE TRIGGER full BEFORE {change} ON workflow_status WHEN {when}
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"""
    with closing(sqlite3.connect(settings.data_dir / "jobs.db", timeout=30)) as connection:
        connection.execute(trigger)
        yield
        connection.execute("DROP TRIGGER full")


def age(bulk: Bulk, job_id: str, hours: float) -> None:
    """Make a job older."""
    older = timedelta(hours=hours)
    with Session(bulk.engine) as session, session.begin():
        row = session.get_one(JobRow, job_id)
        row.created_at, row.expires_at = row.created_at - older, row.expires_at - older


async def sweep(bulk: Bulk) -> None:
    await sweeper(bulk).sweep()


def sweeper(bulk: Bulk) -> Sweeper:
    return Sweeper(
        bulk.queue,
        RecoveryStore(bulk.engine),
        DeliveryStore(bulk.engine),
        Heartbeats("", WorkerStore(bulk.engine)),
        bulk.storage,
    )
