"""POST /v1/bulk and what follows, with the fake model."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from gateway.accounts import database
from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.job_store import JobStore
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.tables import JobRow
from gateway.bulk.worker_store import WorkerStore
from gateway.errors import ModelUnavailable, Overloaded
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, application
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until

Files = list[tuple[str, Any]]

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'Content-Disposition: form-data; name="images"; filename="a"\r\n\r\n'


def images(*files: bytes, field: str = "images") -> Files:
    return [(field, (f"photo {number}.png", file)) for number, file in enumerate(files)]


def stored(settings: Settings) -> list[Path]:
    """All blobs there are."""
    return [path for path in (settings.data_dir / "bulk").rglob("*") if path.is_file()]


async def accepted(bulk: Bulk, files: Files, **data: Any) -> str:
    answer = await bulk.client.post("/v1/bulk", files=files, data=data)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def test_the_answer_is_the_one_that_users_know(bulk: Bulk, photo: Photo) -> None:
    answer = await bulk.client.post("/v1/bulk", files=images(photo(), photo()))
    assert answer.status_code == 202
    body = answer.json()
    assert {
        "job_id": body["job_id"],
        "status": "processing",
        "image_count": 2,
    }.items() <= body.items()
    assert answer.headers["location"] == body["status_url"] == f"/v1/bulk/{body['job_id']}"
    assert answer.headers["retry-after"] == "2"


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


@pytest.mark.parametrize(
    ("request_", "status", "hint"),
    [
        ({"files": []}, 400, "multipart/form-data"),
        ({"files": [("other", b"x")]}, 400, "named `images`"),
        ({"json": {}}, 400, "multipart/form-data"),
        ({"files": images(b"x")}, 400, "Image 1 ('photo 0.png')"),
        ({"files": images(b"1" * 1_000_001)}, 413, "MB"),
        ({"files": "51"}, 400, "at most 50"),
        ({"files": "1", "data": {"size": "big"}}, 400, "size must be"),
        ({"files": "1", "data": {"metadata": "["}}, 400, "JSON"),
        ({"files": "1", "data": {"metadata": "[]"}}, 400, "JSON object"),
        ({"files": "1", "data": {"metadata": '{"a": NaN}'}}, 400, "JSON"),
        ({"files": "1", "data": {"metadata": '{"a": "\\ud800"}'}}, 400, "JSON"),
        ({"files": "1", "data": {"metadata": '{"a": [[]]}'}}, 400, "flat"),
        ({"files": "1", "data": {"metadata": '{"a": "\\u0000"}'}}, 400, "flat"),
        ({"files": "1", "data": {"custom_id": "a\0"}}, 400, "printed"),
        ({"files": "1", "data": {"x_b64_b64": "x" * 5000}}, 400, "longer than 4096"),
        ({"files": "1", "data": {"custom_id": ["a", "b"]}}, 400, "more fields `custom_id`"),
        ({"files": "bg", "data": {"bg_color": "#FFF"}}, 400, "not both"),
        ({"content": b"--b--\r\n", "headers": FORM}, 400, "1 to 50"),
        ({"content": b"--b\r\n" + PART + b"xx", "headers": FORM}, 400, "middle"),
        ({"content": b"nonsense", "headers": FORM}, 400, "cannot be read"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_job_is_refused_and_nothing_is_kept(
    bulk: Bulk,
    photo: Photo,
    settings: Settings,
    request_: dict[str, Any],
    status: int,
    hint: str,
) -> None:
    made: dict[str, Files] = {
        "1": images(photo()),
        "51": images(*[photo(8, 8)] * 51),
        "bg": [*images(photo()), ("bg_image", ("b", photo()))],
    }
    request = dict(request_)
    if isinstance(request.get("files"), str):
        request["files"] = made[request["files"]]
    answer = await bulk.client.post("/v1/bulk", **request)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert hint in answer.json()["detail"]
    assert stored(settings) == []
    assert (await bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_nobody_else_sees_a_job(bulk: Bulk, photo: Photo) -> None:
    job_id = await accepted(bulk, images(photo()))
    await bulk.ended(job_id)
    other = AccountStore(bulk.engine).create("other")
    stranger = {"X-API-Key": KeyStore(bulk.engine).create("k", other.id)[1]}
    for method, path in (
        ("GET", ""),
        ("GET", "/items/0"),
        ("GET", "/archive"),
        ("POST", "/cancel"),
        ("DELETE", ""),
    ):
        url = f"/v1/bulk/{job_id}{path}"
        answer = await bulk.client.request(method, url, headers=stranger)
        assert answer.status_code == 404
        unknown = await bulk.client.request(method, url.replace(job_id, "job_x"))
        mine, theirs = unknown.json(), answer.json()
        assert mine | {"request_id": ""} == theirs | {"request_id": ""}
        assert (
            await bulk.client.request(method, url, headers={"X-API-Key": ""})
        ).status_code == 401
    assert (await bulk.client.get("/v1/bulk", headers=stranger)).json()["jobs"] == []


async def test_jobs_are_listed_by_pages(bulk: Bulk, photo: Photo) -> None:
    made = [await accepted(bulk, images(photo()), metadata=json.dumps({"n": n})) for n in range(3)]
    first = (await bulk.client.get("/v1/bulk", params={"limit": 2})).json()
    assert [job["job_id"] for job in first["jobs"]] == [made[2], made[1]]
    params = {"limit": 2, "before": first["next_before"]}
    second = (await bulk.client.get("/v1/bulk", params=params)).json()
    assert [job["job_id"] for job in second["jobs"]] == [made[0]]
    assert second["jobs"][0]["metadata"] == {"n": 0}
    assert second["next_before"] is None
    wrong = await bulk.client.get("/v1/bulk", params={"limit": "many"})
    assert wrong.status_code == 400
    assert "limit" in wrong.json()["detail"]


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


async def test_the_archive_has_safe_names_that_differ(bulk: Bulk, photo: Photo) -> None:
    ids = ["a", "A", "../../etc/passwd", "", "ü/x y"]
    job = await bulk.ended(await accepted(bulk, images(*[photo()] * 6), custom_id=ids))
    answer = await bulk.client.get(job["archive_url"])
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.namelist() == [
        "a.png",
        "A-2.png",
        "_.._etc_passwd.png",
        "photo_3.png",
        "__x_y.png",
        "photo_5.png",
    ]
    assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    first = await bulk.client.get(job["items"][0]["result_url"])
    assert archive.read("a.png") == first.content


async def test_a_result_that_is_gone_is_told(bulk: Bulk, photo: Photo, settings: Settings) -> None:
    job = await bulk.ended(await accepted(bulk, images(photo())))
    for path in stored(settings):
        path.unlink()
    for url in (job["items"][0]["result_url"], job["archive_url"]):
        answer = await bulk.client.get(url)
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/no-result"


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
    assert (await bulk.client.get(f"/v1/bulk/{old}")).status_code == 404
    assert len(stored(settings)) == 1
    assert (await bulk.client.get(f"/v1/bulk/{new}/items/0")).status_code == 200


async def sweep(bulk: Bulk) -> None:
    intake = bulk.intake
    await Sweeper(
        "tests", intake.engine, intake.jobs, WorkerStore(bulk.engine), intake.storage
    ).sweep()
