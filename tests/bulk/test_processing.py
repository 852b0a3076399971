"""How the worker processes jobs, with the fake model."""

import json
from typing import Any

import pytest

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.job import Job
from gateway.bulk.job_store import JobStore
from gateway.errors import ModelUnavailable, Overloaded
from gateway.models.models import ServedModel
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, application, images, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rest.gateway import new_key
from tests.waiting import until


@pytest.mark.parametrize("field", ["images", "images[]", "image"])
async def test_results_equal_those_of_removebg(bulk: Bulk, photo: Photo, field: str) -> None:
    options = {"size": "32x32", "bg_color": "#123456", "shadow": "20"}
    job_id = await submit(bulk, images(photo(), photo(50, 90), field=field), **options)
    job = await bulk.wait_until_ended(job_id)
    assert job["status"] == "completed"
    assert job["counts"]["succeeded"] == 2
    single = await bulk.client.post("/v1/removebg", files={"image": photo()}, data=options)
    result = await bulk.client.get(job["items"][0]["result_url"])
    assert result.content == single.content
    assert result.headers["content-length"] == str(len(single.content))
    assert (job["items"][0]["width"], job["items"][0]["height"]) == (32, 24)


async def test_a_job_keeps_the_model_that_its_account_gets(
    bulk: Bulk, model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """The worker does not know accounts, and the account's default may be another one."""
    other = HalfModel(320)
    models = bulk.services.receiver._remover.models
    models._by_name["u2net"] = ServedModel("u2net", other, side=320)
    AccountStore(bulk.engine).restrict(DEFAULT, ["u2net"])
    bulk.client.headers["X-API-Key"] = new_key(bulk.engine)
    await bulk.wait_until_ended(await submit(bulk, images(photo())))
    assert (model.calls, other.calls) == (0, 1)
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), data={"model": "isnet"})
    assert (answer.status_code, answer.json()["field"]) == (400, "model")


async def test_the_background_is_composed_behind_all_images(bulk: Bulk, photo: Photo) -> None:
    backdrop = photo(30, 30)
    files = [*images(photo(), photo(50, 90)), ("bg_image", ("b.png", backdrop))]
    job = await bulk.wait_until_ended(await submit(bulk, files))
    single = await bulk.client.post("/v1/removebg", files={"image": photo(), "bg_image": backdrop})
    assert (await bulk.client.get(job["items"][0]["result_url"])).content == single.content


async def test_a_mask_and_a_trimap_are_of_all_images(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    shared = {"mask": photo(30, 30), "trimap": photo(64, 48)}
    options = {"expand": "2px", "erase": "0 0 9px 9px"}
    files = [*images(photo(), photo(50, 90)), *((n, ("m.png", d)) for n, d in shared.items())]
    job = await bulk.wait_until_ended(await submit(bulk, files, **options))
    assert model.calls == 0
    for item, size in zip(job["items"], ((64, 48), (50, 90)), strict=True):
        single = await bulk.client.post(
            "/v1/removebg", files={"image": photo(*size), **shared}, data=options
        )
        assert (await bulk.client.get(item["result_url"])).content == single.content


async def test_a_damaged_image_does_not_affect_the_others(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    intact = photo(60, 60)
    job = await bulk.wait_until_ended(
        await submit(bulk, images(intact, intact[: len(intact) // 2]))
    )
    assert job["status"] == "partial"
    problem = job["items"][1]["problem"]
    assert problem["type"] == "/problems/bad-image"
    assert problem["status"] == 400
    job = await bulk.wait_until_ended(await submit(bulk, images(intact[: len(intact) // 2])))
    assert job["status"] == "failed"
    assert job["archive_url"] is None
    assert (await bulk.client.get(f"/v1/bulk/{job['job_id']}/archive")).status_code == 404


async def test_a_canceled_job_keeps_its_finished_images(
    bulk: Bulk, model: HalfModel, photo: Photo, settings: Settings
) -> None:
    model.most = 2
    job_id = await submit(bulk, images(*[photo()] * 12))
    await until(lambda: bulk.jobs.get(job_id).counts["succeeded"] > 0)
    answer = await bulk.client.post(f"/v1/bulk/{job_id}/cancel")
    model.most = 12
    assert answer.json()["canceled_at"]
    job = await bulk.wait_until_ended(job_id)
    assert job["status"] == "canceled"
    counts = job["counts"]
    assert counts["pending"] == counts["failed"] == 0
    assert counts["succeeded"] + counts["canceled"] == 12
    assert counts["canceled"] > 0
    assert model.calls == counts["succeeded"]
    again = await bulk.client.post(f"/v1/bulk/{job_id}/cancel")
    assert again.json()["finished_at"] == job["finished_at"]


async def test_an_image_is_retried_while_the_service_is_overloaded(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    for error in (Overloaded("9 images are in front.", 0.1), ModelUnavailable("stopping", 0.1)):
        model.fail, model.calls = error, 0
        job_id = await submit(bulk, images(photo()))
        await until(lambda: model.calls > 0)
        model.fail = None
        assert (await bulk.wait_until_ended(job_id))["status"] == "completed"


async def test_an_unexpected_error_fails_its_image_without_details(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.fail = RuntimeError("secret path /srv/x")
    job = await bulk.wait_until_ended(await submit(bulk, images(photo())))
    assert job["items"][0]["problem"]["type"] == "/problems/internal"
    assert "secret" not in json.dumps(job)


async def test_an_unexpected_error_does_not_affect_other_images(
    bulk: Bulk, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = bulk.worker._items
    mark_succeeded = items.mark_succeeded

    def failing(job: Job, number: int, result: dict[str, Any], pixels: int) -> bool:
        if number == 1:
            raise RuntimeError("a bug")
        is_first: bool = mark_succeeded(job, number, result, pixels)
        return is_first

    monkeypatch.setattr(items, "mark_succeeded", failing)
    job = await bulk.wait_until_ended(await submit(bulk, images(*[photo()] * 4)))
    assert [item["status"] for item in job["items"]] == ["succeeded", "failed", *["succeeded"] * 2]


async def test_a_job_whose_background_is_lost_fails(
    bulk: Bulk, model: HalfModel, photo: Photo, settings: Settings
) -> None:
    model.most = 0
    first = await submit(bulk, images(photo()))  # the next one waits for it
    files = [*images(photo()), ("bg_image", ("b.png", photo()))]
    job_id = await submit(bulk, files)
    (settings.data_dir / "bulk" / job_id / "in" / "backdrop").unlink()
    model.most = 1
    job = await bulk.wait_until_ended(job_id)
    assert job["status"] == "failed"
    assert job["items"][0]["problem"]["type"] == "/problems/internal"
    assert (await bulk.wait_until_ended(first))["status"] == "completed"


async def test_a_job_that_has_not_started_is_canceled_at_once(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.most = 0
    first = await submit(bulk, images(photo()))
    second = await submit(bulk, images(photo()))
    answer = await bulk.client.post(f"/v1/bulk/{second}/cancel")
    assert answer.json()["status"] == "canceled"
    model.most = 1
    assert (await bulk.wait_until_ended(first))["status"] == "completed"


async def test_images_in_flight_at_shutdown_stay_pending(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """The model is down when the service stops: its images are pending, for the next start."""
    model.fail = ModelUnavailable("down", 30)
    chosen = settings.model_copy(update={"shutdown_timeout_s": 0.1})
    async with application(model, chosen) as bulk:
        job_id = await submit(bulk, images(photo(), photo()))
        await until(lambda: model.calls > 0)
    engine = database.connect(settings.database)
    assert JobStore(engine).get(job_id).counts == {"pending": 2}
    engine.dispose()
    model.fail = None
    async with application(model, chosen) as bulk:
        assert (await bulk.wait_until_ended(job_id))["status"] == "completed"


async def test_each_successful_image_is_charged_once(bulk: Bulk, photo: Photo) -> None:
    intact = photo(60, 60)
    await bulk.wait_until_ended(
        await submit(bulk, images(intact, intact, intact[: len(intact) // 2]))
    )
    assert [key.images for key in KeyStore(bulk.engine).list()] == [2]
