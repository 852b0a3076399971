"""What images of jobs use is counted with their results, and monthly quotas hold for them."""

import time
from datetime import timedelta

from sqlalchemy import update

from gateway.accounts.keys import KeyStore
from gateway.accounts.tables import KeyRow
from gateway.accounts.usage_report import Figures, Period, UsageReports
from tests.bulk.conftest import Bulk, images, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until


async def used(bulk: Bulk) -> Figures:
    """What is in the database: requests, which come with a delay, are not there yet."""
    account = KeyStore(bulk.engine).list()[0].account_id
    day = Period.latest(86_400, 86_400, time.time())
    return (await UsageReports(bulk.engine).read(account, day)).total


def set_quota(bulk: Bulk, images_per_month: int) -> None:
    with bulk.engine.begin() as connection:
        connection.execute(update(KeyRow).values(images_per_month=images_per_month))


async def test_images_and_errors_are_counted_when_they_are_stored(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    await bulk.wait_until_ended(await submit(bulk, images(photo(400, 500), photo(500, 400))))
    model.fail = RuntimeError("a bug")
    await bulk.wait_until_ended(await submit(bulk, images(photo())))
    figures = await used(bulk)
    assert (figures.images, figures.megapixels, figures.errors) == (2, 0.4, {"internal": 1})
    assert figures.p50_s is None
    (key,) = KeyStore(bulk.engine).list()
    assert key.images == 2


async def test_images_beyond_the_quota_fail_and_further_jobs_are_not_taken(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.most, count = 0, 12
    job_id = await submit(bulk, images(*[photo()] * count))
    in_progress = bulk.worker._max_images
    await until(lambda: len(bulk.worker._in_flight) == in_progress)
    set_quota(bulk, 1)
    model.most = count
    job = await bulk.wait_until_ended(job_id)
    failed = [item["problem"]["type"] for item in job["items"] if item["status"] == "failed"]
    assert set(failed) == {"/problems/quota-exceeded"}
    assert 1 <= count - len(failed) <= 1 + in_progress, "the quota, and what was in progress"
    figures = await used(bulk)
    assert figures.errors == {"quota-exceeded": len(failed)}
    assert figures.images == count - len(failed)

    # A new secret, which the service looks up: of the old one it still knows that it had no quota.
    (key,) = KeyStore(bulk.engine).list()
    _, secret = KeyStore(bulk.engine).rotate(key.id, overlap=timedelta())
    bulk.client.headers["X-API-Key"] = secret
    answer = await bulk.client.post("/v1/bulk", files=images(photo()))
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/quota-exceeded")
    assert (await bulk.get(job_id))["status"] == "partial"
