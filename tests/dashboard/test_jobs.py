"""The pages of bulk jobs, with the real engine behind them."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from zipfile import ZipFile

import pytest
from markupsafe import escape

from gateway.identity.members import Role
from gateway.settings import Settings
from tests.bulk.conftest import images
from tests.conftest import Make
from tests.dashboard.browser import Browser
from tests.dashboard.bulk_site import JOBS, BulkSite, bulk_site, make_job, send_images, token_of
from tests.half_model import HalfModel
from tests.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[BulkSite]:
    async with bulk_site(HalfModel(), settings) as site:
        yield site


@pytest.fixture
async def ada(site: BulkSite) -> Browser:
    """A browser of an owner of the default account."""
    return await site.signed_in(site.user())


async def ended(site: BulkSite, job_id: str) -> str:
    await until(lambda: site.bulk.jobs.get(job_id).finished_at is not None)
    return job_id


async def test_a_form_without_scripts_makes_a_job_that_api_and_page_show_alike(
    site: BulkSite, ada: Browser, photo: Make
) -> None:
    whole = photo()
    damaged = whole[: len(whole) // 2]
    job_id = await make_job(ada, images(whole, damaged), format="webp", metadata='{"order": "12"}')
    await ended(site, job_id)
    job = await site.bulk.get(job_id)  # as a program with a key of the account sees it
    assert job["counts"] == {"total": 2, "pending": 0, "succeeded": 1, "failed": 1, "canceled": 0}
    page = (await ada.open(f"{JOBS}/{job_id}")).text
    assert "1 of 2 images done, 1 failed" in page
    assert str(escape(job["items"][1]["problem"]["detail"])) in page
    assert "<dt>Format</dt><dd>webp</dd>" in page
    assert "<dd>12</dd>" in page
    assert job_id in (await ada.open(JOBS)).text


async def test_scripts_get_the_new_job_and_repeat_safely(
    site: BulkSite, ada: Browser, photo: Make
) -> None:
    ada.client.headers["Idempotency-Key"] = "once"
    answers = [await send_images(ada, images(photo()), accept="application/json") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    first, second = (answer.json() for answer in answers)
    assert first == second
    assert first == {
        "job_id": first["job_id"],
        "url": f"{JOBS}/{first['job_id']}",
        "image_count": 1,
    }


@pytest.mark.parametrize("token", ["", "0" * 64])
async def test_a_form_from_elsewhere_makes_no_job(
    site: BulkSite, ada: Browser, photo: Make, token: str
) -> None:
    answer = await send_images(ada, images(photo()), token=token)
    assert answer.status_code == 403
    ada.client.headers["Sec-Fetch-Site"] = "cross-site"
    answer = await send_images(ada, images(photo()))
    assert answer.status_code == 403
    assert (await site.bulk.client.get("/v1/bulk")).json()["jobs"] == []


async def test_an_error_says_what_to_do(site: BulkSite, ada: Browser) -> None:
    answer = await send_images(ada, images(b"no image"))
    assert answer.status_code == 400
    assert "Image 1 (&#39;photo 0.png&#39;)" in answer.text
    answer = await send_images(ada, images(b"no image"), accept="application/json")
    assert answer.json()["detail"].startswith("Image 1 ('photo 0.png'): ")


async def test_the_events_carry_what_the_page_would_show(
    site: BulkSite, ada: Browser, photo: Make
) -> None:
    site.model.most = 1
    job_id = await make_job(ada, images(photo(), photo()))
    before = (await ada.open(f"{JOBS}/{job_id}")).text
    assert f'data-events="{JOBS}/{job_id}/events"' in before
    assert '<noscript><meta http-equiv="refresh"' in before
    site.model.most = 2
    stream = (await ada.client.get(f"{JOBS}/{job_id}/events")).text
    kinds = [line.removeprefix("event: ") for line in stream.splitlines() if "event: " in line]
    data = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
    assert kinds == ["image", "image", "end"]
    assert [event["id"] for event in data] == ["image-0", "image-1", "job-head"]
    assert data[-1]["summary"] == "2 of 2 images done"
    after = (await ada.open(f"{JOBS}/{job_id}")).text
    assert all(event["html"].strip() in after for event in data)
    assert "data-events" not in after
    assert "http-equiv" not in after
    again = await ada.client.get(f"{JOBS}/{job_id}/events", headers={"Last-Event-ID": "3"})
    assert "event: image" not in again.text  # 3: bits 0 and 1, the images that it knows


async def test_downloads_equal_those_of_the_api(site: BulkSite, ada: Browser, photo: Make) -> None:
    job_id = await ended(site, await make_job(ada, images(photo(), photo(90, 60))))
    for number in (0, 1):
        mine = await ada.client.get(f"{JOBS}/{job_id}/items/{number}")
        theirs = await site.bulk.client.get(f"/v1/bulk/{job_id}/items/{number}")
        assert mine.content == theirs.content
        assert mine.headers["content-type"] == theirs.headers["content-type"] == "image/png"
        assert mine.headers["content-disposition"].startswith("attachment; ")
        assert mine.headers["x-content-type-options"] == "nosniff"
    mine = await ada.client.get(f"{JOBS}/{job_id}/archive")
    theirs = await site.bulk.client.get(f"/v1/bulk/{job_id}/archive")
    assert mine.content == theirs.content
    assert len(ZipFile(BytesIO(mine.content)).namelist()) == 2


async def test_thumbnails_are_small_and_kept_by_the_browser(
    site: BulkSite, ada: Browser, photo: Make
) -> None:
    job_id = await ended(site, await make_job(ada, images(photo(400, 300))))
    url = f"{JOBS}/{job_id}/items/0/thumbnail"
    assert f'src="{url}"' in (await ada.open(f"{JOBS}/{job_id}")).text
    answer = await ada.client.get(url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["cache-control"] == "private, max-age=3600"
    assert len(answer.content) < 10_000


async def test_a_job_is_canceled_and_deleted(site: BulkSite, ada: Browser, photo: Make) -> None:
    site.model.most = 0
    job_id = await make_job(ada, images(photo()))
    url = f"{JOBS}/{job_id}"
    answer = await ada.send(f"{url}/cancel", page=url)
    assert (answer.status_code, answer.headers["location"]) == (303, url)
    site.model.most = 1
    await ended(site, job_id)
    assert f"{url}/cancel" not in (await ada.open(url)).text
    answer = await ada.send(f"{url}/delete", page=url)
    assert (answer.status_code, answer.headers["location"]) == (303, JOBS)
    assert (await ada.open(url)).status_code == 404
    assert job_id not in (await ada.open(JOBS)).text


async def test_the_list_has_pages(site: BulkSite, ada: Browser, photo: Make) -> None:
    ids = [await make_job(ada, images(photo())) for _ in range(3)]
    first = (await ada.open(f"{JOBS}?limit=2")).text
    assert [id_ in first for id_ in ids] == [False, True, True]
    older = first.split(f'href="{JOBS}?before=')[1].split('"')[0]
    second = (await ada.open(f"{JOBS}?before={older}")).text
    assert [id_ in second for id_ in ids] == [True, False, False]
    assert "New job" not in second


async def test_file_names_and_custom_ids_are_shown_as_text(
    site: BulkSite, ada: Browser, photo: Make
) -> None:
    attack = '<img src=x onerror="alert(1)">'
    files = [("images", (attack, photo()))]
    data = {"custom_id": f"id {attack}", "metadata": json.dumps({attack: attack})}
    url = "https://example.com/<script>"
    answer = await site.bulk.client.post("/v1/bulk", files=files, data=data | {"webhook_url": url})
    job_id = await ended(site, answer.json()["job_id"])
    page = (await ada.open(f"{JOBS}/{job_id}")).text
    events = (await ada.client.get(f"{JOBS}/{job_id}/events")).text
    assert attack not in page
    assert "<script>" not in page.replace('<script type="module"', "")
    assert page.count(str(escape(attack))) >= 4
    (image, end) = (json.loads(line[6:]) for line in events.splitlines() if "data: " in line)
    assert attack not in image["html"] + end["html"]
    assert str(escape(attack)) in image["html"]


async def test_every_page_is_light(site: BulkSite, ada: Browser, photo: Make) -> None:
    job_id = await ended(site, await make_job(ada, images(*[photo()] * 50)))
    for path in (JOBS, f"{JOBS}/{job_id}"):
        page = await ada.open(path)
        assert page.status_code == 200
        assert len(page.content) < 60_000


async def test_members_make_jobs_and_visitors_are_sent_to_the_sign_in(
    site: BulkSite, photo: Make
) -> None:
    member = await site.signed_in(site.user("grace@example.com", Role.MEMBER))
    assert await make_job(member, images(photo()))
    visitor = site.browser()
    assert (await visitor.open(JOBS)).headers["location"] == "/sign-in?next=%2Fdashboard%2Fjobs"
    for path in ("", "/events", "/archive", "/items/0", "/items/0/thumbnail"):
        answer = await visitor.client.get(f"{JOBS}/job_{'0' * 20}{path}")
        assert answer.status_code == 401
    token = await token_of(visitor, "/sign-in")
    answer = await send_images(visitor, images(photo()), token=token)
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
