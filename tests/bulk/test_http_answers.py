"""The answers of the HTTP routes of bulk jobs."""

import io
import json
import zipfile

from gateway.settings import Settings
from tests.bulk.conftest import Bulk, images, stored_blobs, submit
from tests.rest.cases import Photo


async def test_the_answer_to_a_new_job_has_its_documented_fields(bulk: Bulk, photo: Photo) -> None:
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


async def test_jobs_are_listed_page_by_page(bulk: Bulk, photo: Photo) -> None:
    job_ids = [await submit(bulk, images(photo()), metadata=json.dumps({"n": n})) for n in range(3)]
    first = (await bulk.client.get("/v1/bulk", params={"limit": 2})).json()
    assert [job["job_id"] for job in first["jobs"]] == [job_ids[2], job_ids[1]]
    params = {"limit": 2, "before": first["next_before"]}
    second = (await bulk.client.get("/v1/bulk", params=params)).json()
    assert [job["job_id"] for job in second["jobs"]] == [job_ids[0]]
    assert second["jobs"][0]["metadata"] == {"n": 0}
    assert second["next_before"] is None
    rejected = await bulk.client.get("/v1/bulk", params={"limit": "many"})
    assert rejected.status_code == 400
    assert "limit" in rejected.json()["detail"]


async def test_file_names_in_the_archive_are_safe_and_unique(bulk: Bulk, photo: Photo) -> None:
    ids = ["a", "A", "../../etc/passwd", "", "ü/x y"]
    job = await bulk.wait_until_ended(await submit(bulk, images(*[photo()] * 6), custom_id=ids))
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


async def test_a_deleted_result_is_reported_as_no_result(
    bulk: Bulk, photo: Photo, settings: Settings
) -> None:
    job = await bulk.wait_until_ended(await submit(bulk, images(photo())))
    for path in stored_blobs(settings):
        path.unlink()
    for url in (job["items"][0]["result_url"], job["archive_url"]):
        answer = await bulk.client.get(url)
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/no-result"
