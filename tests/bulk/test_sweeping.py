"""What must not stay."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sqlalchemy.orm import Session

from gateway.accounts.keys import KeyStore
from gateway.bulk.leftovers import Leftovers
from gateway.bulk.pulse import Pulse
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.tables import JobRow
from gateway.bulk.worker_store import WorkerStore
from gateway.removal import Result
from gateway.settings import Settings
from gateway.webhooks.delivery_store import DeliveryStore
from tests.bulk.conftest import Bulk, accepted, images, stored, unqueued
from tests.rest.cases import Photo
from tests.waiting import until


async def test_a_deleted_job_is_gone_at_once_and_swept_later(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    assert (await bulk.client.delete(f"/v1/bulk/{job_id}")).status_code == 204
    assert (await bulk.client.get(f"/v1/bulk/{job_id}")).status_code == 404
    await sweep(bulk)
    assert stored(settings) == []


async def test_what_has_expired_is_swept_and_nothing_else(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    old, new = [await accepted(bulk, images(photo())) for _ in range(2)]
    for job_id in (old, new):
        await bulk.ended(job_id)
    age(bulk, old, settings.bulk_ttl_h + 1)
    await sweep(bulk)
    gone = await bulk.job(old)
    assert (gone["status"], gone["archive_url"]) == ("expired", None)
    assert "result_url" not in gone["items"][0]
    assert (await bulk.client.get(f"/v1/bulk/{old}/items/0")).status_code == 404
    assert (await bulk.client.get(f"/v1/bulk/{old}/archive")).status_code == 404
    assert len(stored(settings)) == 1
    assert (await bulk.client.get(f"/v1/bulk/{new}/items/0")).status_code == 200


async def test_an_upload_that_was_given_up_is_swept_long_before_a_job_would_be(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    key = KeyStore(bulk.engine).list()[0]
    for job_id in ("old", "new"):
        bulk.intake.jobs.begin(job_id, account_id=key.account_id, key_id=key.id, idempotency_key="")
        await bulk.intake.storage.put(f"{job_id}/in/0", photo())
    age(bulk, "old", 1.1)
    await sweep(bulk)
    assert [path.parts[-3] for path in stored(settings)] == ["new"]


async def test_the_key_of_an_upload_that_was_given_up_is_soon_free(
    bulk: Bulk, photo: Photo
) -> None:
    key = KeyStore(bulk.engine).list()[0]
    bulk.intake.jobs.begin(
        "job_dead", account_id=key.account_id, key_id=key.id, idempotency_key="k"
    )
    headers = {"Idempotency-Key": "k"}
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), headers=headers)
    assert answer.status_code == 409
    age(bulk, "job_dead", 0.05)
    await sweep(bulk)
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), headers=headers)
    assert answer.status_code == 202


async def test_a_job_that_dbos_gave_up_is_begun_again(
    bulk: Bulk, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = bulk.intake.engine
    with monkeypatch.context() as patched:
        patched.setattr(engine, "_work_off", AsyncMock(side_effect=RuntimeError("a bug")))
        job_id = await accepted(bulk, images(photo()))
        async with asyncio.timeout(20):
            while not await engine.failed():  # noqa: ASYNC110 # it is no event
                await asyncio.sleep(0.1)
    assert bulk.intake.jobs.get(job_id).status == "processing"
    await sweep(bulk)
    assert (await bulk.ended(job_id))["status"] == "completed"


async def test_a_result_that_comes_after_the_sweep_leaves_nothing(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    job = bulk.intake.jobs.get(job_id)
    age(bulk, job_id, settings.bulk_ttl_h + 1)
    await sweep(bulk)
    work_off: Any = bulk.intake.engine._work_off
    result = Result(b"late", "image/png", 1, 1, None, 1, {}, "", "")
    await work_off.__self__._keep(job, 0, result)
    assert stored(settings) == []


async def test_what_a_killed_process_had_half_written_goes_with_the_job(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    (settings.data_dir / "bulk" / job_id / "out" / "0#1").write_bytes(b"half")
    await bulk.client.delete(f"/v1/bulk/{job_id}")
    await sweep(bulk)
    assert not (settings.data_dir / "bulk" / job_id).exists()


async def test_a_job_whose_process_died_before_it_was_enqueued_is_done(
    bulk: Bulk, photo: Photo
) -> None:
    job_id = await unqueued(bulk, photo(), photo())
    await sweep(bulk)
    assert (await bulk.ended(job_id))["counts"]["succeeded"] == 2


async def test_a_job_whose_end_dbos_cannot_note_holds_up_no_other(
    bulk: Bulk, photo: Photo, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = bulk.intake.jobs
    with refusing(settings, "UPDATE", "new.status IN ('SUCCESS', 'ERROR')"):
        made = [await accepted(bulk, images(photo())) for _ in range(2)]
        await until(lambda: "asynchronous workflow" in caplog.text, 20)  # so DBOS gives one up
    assert sorted(jobs.get(job_id).status for job_id in made) == ["completed", "processing"]
    for _ in range(2):
        await sweep(bulk)
    for job_id in made:
        assert (await bulk.ended(job_id))["status"] == "completed"
    assert [key.images for key in KeyStore(bulk.engine).list()] == [2]


async def test_what_has_expired_is_swept_while_nothing_can_be_enqueued(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    old = await accepted(bulk, images(photo()))
    await bulk.ended(old)
    age(bulk, old, settings.bulk_ttl_h + 1)
    with refusing(settings, "INSERT", "true"):
        new = await unqueued(bulk, photo())
        await sweep(bulk)
        assert {path.parts[-3] for path in stored(settings)} == {new}
    await sweep(bulk)
    await bulk.ended(new)


@contextmanager
def refusing(settings: Settings, change: str, when: str) -> Iterator[None]:
    """A database of DBOS that cannot write some of what it should."""
    trigger = f"""CREATE TRIGGER full BEFORE {change} ON workflow_status WHEN {when}
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"""
    with closing(sqlite3.connect(settings.data_dir / "jobs.db", timeout=30)) as connection:
        connection.execute(trigger)
        yield
        connection.execute("DROP TRIGGER full")


def age(bulk: Bulk, job_id: str, hours: float) -> None:
    """Let a job be older than it is."""
    older = timedelta(hours=hours)
    with Session(bulk.engine) as session, session.begin():
        row = session.get_one(JobRow, job_id)
        row.created_at, row.expires_at = row.created_at - older, row.expires_at - older


async def sweep(bulk: Bulk) -> None:
    await sweeping(bulk).sweep()


def sweeping(bulk: Bulk) -> Sweeper:
    return Sweeper(
        bulk.intake.engine,
        Leftovers(bulk.engine),
        DeliveryStore(bulk.engine),
        Pulse("", WorkerStore(bulk.engine)),
        bulk.intake.storage,
    )
