"""What must not stay."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from gateway.bulk.leftovers import Leftovers
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.tables import JobRow
from gateway.bulk.worker_store import WorkerStore
from gateway.settings import Settings
from gateway.webhooks.delivery_store import DeliveryStore
from tests.bulk.conftest import Bulk, accepted, images, stored
from tests.rest.cases import Photo


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
    with Session(bulk.engine) as session, session.begin():
        row = session.get_one(JobRow, old)
        session.execute(
            update(JobRow)
            .where(JobRow.id == old)
            .values(expires_at=row.expires_at - timedelta(hours=settings.bulk_ttl_h + 1))
        )
    await sweep(bulk)
    gone = await bulk.job(old)
    assert (gone["status"], gone["archive_url"]) == ("expired", None)
    assert "result_url" not in gone["items"][0]
    assert (await bulk.client.get(f"/v1/bulk/{old}/items/0")).status_code == 404
    assert (await bulk.client.get(f"/v1/bulk/{old}/archive")).status_code == 404
    assert len(stored(settings)) == 1
    assert (await bulk.client.get(f"/v1/bulk/{new}/items/0")).status_code == 200


async def sweep(bulk: Bulk) -> None:
    intake = bulk.intake
    await Sweeper(
        "tests",
        intake.engine,
        Leftovers(bulk.engine),
        DeliveryStore(bulk.engine),
        WorkerStore(bulk.engine),
        intake.storage,
    ).sweep()
