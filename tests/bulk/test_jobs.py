"""What is done, with the fake model."""

import json
from typing import Any

import pytest

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.bulk.job import Job
from gateway.bulk.job_store import JobStore
from gateway.errors import ModelUnavailable, Overloaded
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, accepted, application, images
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until


@pytest.mark.parametrize("field", ["images", "images[]", "image"])
async def test_results_are_those_of_removebg(bulk: Bulk, photo: Photo, field: str) -> None:
    options = {"size": "32x32", "bg_color": "#123456", "shadow": "20"}
    job_id = await accepted(bulk, images(photo(), photo(50, 90), field=field), **options)
    job = await bulk.ended(job_id)
    assert job["status"] == "completed"
    assert job["counts"]["succeeded"] == 2
    alone = await bulk.client.post("/v1/removebg", files={"image": photo()}, data=options)
    result = await bulk.client.get(job["items"][0]["result_url"])
    assert result.content == alone.content
    assert result.headers["content-length"] == str(len(alone.content))
    assert (job["items"][0]["width"], job["items"][0]["height"]) == (32, 24)


async def test_a_background_is_laid_behind_all(bulk: Bulk, photo: Photo) -> None:
    behind = photo(30, 30)
    files = [*images(photo(), photo(50, 90)), ("bg_image", ("b.png", behind))]
    job = await bulk.ended(await accepted(bulk, files))
    alone = await bulk.client.post("/v1/removebg", files={"image": photo(), "bg_image": behind})
    assert (await bulk.client.get(job["items"][0]["result_url"])).content == alone.content


async def test_one_damaged_image_leaves_the_others_alone(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    whole = photo(60, 60)
    job = await bulk.ended(await accepted(bulk, images(whole, whole[: len(whole) // 2])))
    assert job["status"] == "partial"
    problem = job["items"][1]["problem"]
    assert problem["type"] == "/problems/bad-image"
    assert problem["status"] == 400
    job = await bulk.ended(await accepted(bulk, images(whole[: len(whole) // 2])))
    assert job["status"] == "failed"
    assert job["archive_url"] is None
    assert (await bulk.client.get(f"/v1/bulk/{job['job_id']}/archive")).status_code == 404


async def test_a_canceled_job_keeps_what_is_done(
    bulk: Bulk, model: HalfModel, photo: Photo, settings: Settings
) -> None:
    model.delay_s = 0.3
    job_id = await accepted(bulk, images(*[photo()] * 12))
    await until(lambda: bulk.intake.jobs.get(job_id).counts["succeeded"] > 0)
    answer = await bulk.client.post(f"/v1/bulk/{job_id}/cancel")
    assert answer.json()["canceled_at"]
    job = await bulk.ended(job_id)
    assert job["status"] == "canceled"
    counts = job["counts"]
    assert counts["pending"] == counts["failed"] == 0
    assert counts["succeeded"] + counts["canceled"] == 12
    assert counts["canceled"] > 0
    assert model.calls == counts["succeeded"]
    again = await bulk.client.post(f"/v1/bulk/{job_id}/cancel")
    assert again.json()["finished_at"] == job["finished_at"]


async def test_overload_passes(bulk: Bulk, model: HalfModel, photo: Photo) -> None:
    for error in (Overloaded("9 images are in front.", 0.1), ModelUnavailable("stopping", 0.1)):
        model.fail, model.calls = error, 0
        job_id = await accepted(bulk, images(photo()))
        await until(lambda: model.calls > 0)
        model.fail = None
        assert (await bulk.ended(job_id))["status"] == "completed"


async def test_a_bug_fails_one_image_and_tells_nothing(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.fail = RuntimeError("secret path /srv/x")
    job = await bulk.ended(await accepted(bulk, images(photo())))
    assert job["items"][0]["problem"]["type"] == "/problems/internal"
    assert "secret" not in json.dumps(job)


async def test_what_one_image_met_is_not_held_against_the_others(
    bulk: Bulk, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = bulk.intake.engine._work_off.__self__._items  # type: ignore[union-attr]
    succeed = items.succeed

    def failing(job: Job, number: int, result: dict[str, Any]) -> bool:
        if number == 1:
            raise RuntimeError("a bug")
        done: bool = succeed(job, number, result)
        return done

    monkeypatch.setattr(items, "succeed", failing)
    job = await bulk.ended(await accepted(bulk, images(*[photo()] * 4)))
    assert [item["status"] for item in job["items"]] == ["succeeded", "failed", *["succeeded"] * 2]


async def test_a_job_that_cannot_be_done_ends_too(
    bulk: Bulk, model: HalfModel, photo: Photo, settings: Settings
) -> None:
    model.delay_s = 0.5
    first = await accepted(bulk, images(photo()))  # the next one waits for it
    files = [*images(photo()), ("bg_image", ("b.png", photo()))]
    job_id = await accepted(bulk, files)
    (settings.data_dir / "bulk" / job_id / "in" / "backdrop").unlink()
    job = await bulk.ended(job_id)
    assert job["status"] == "failed"
    assert job["items"][0]["problem"]["type"] == "/problems/internal"
    assert (await bulk.ended(first))["status"] == "completed"


async def test_a_job_that_has_not_begun_is_canceled_at_once(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 1
    first = await accepted(bulk, images(photo()))
    second = await accepted(bulk, images(photo()))
    answer = await bulk.client.post(f"/v1/bulk/{second}/cancel")
    assert answer.json()["status"] == "canceled"
    assert (await bulk.ended(first))["status"] == "completed"


async def test_images_in_flight_at_the_end_are_not_failed(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """The model is down when the service stops: its images are pending, for the next start."""
    model.fail = ModelUnavailable("down", 30)
    chosen = settings.model_copy(update={"shutdown_timeout_s": 0.1})
    async with application(model, chosen) as bulk:
        job_id = await accepted(bulk, images(photo(), photo()))
        await until(lambda: model.calls > 0)
    engine = database.connect(settings.database)
    assert JobStore(engine).get(job_id).counts == {"pending": 2}
    engine.dispose()
    model.fail = None
    async with application(model, chosen) as bulk:
        assert (await bulk.ended(job_id))["status"] == "completed"


async def test_only_successes_are_charged_once(bulk: Bulk, photo: Photo) -> None:
    whole = photo(60, 60)
    await bulk.ended(await accepted(bulk, images(whole, whole, whole[: len(whole) // 2])))
    assert [key.images for key in KeyStore(bulk.engine).list()] == [2]
