"""Bulk jobs, webhooks and the status page as a person uses them."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from loadtest.webhook_receiver import receiving_webhooks
from tests.browser import accessibility, chromium
from tests.end_to_end.service import Service, running
from tests.waiting import wait_until

JOBS = "/dashboard/jobs"


@pytest.fixture(scope="module")
def service(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    data_dir = tmp_path_factory.mktemp("service")
    with running(data_dir, webhook_networks="127.0.0.0/8") as service:
        yield service


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that must not be loaded a second time; see `stayed`."""
    page = context.new_page()
    page.goto(JOBS)
    return page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five images, one file that only looks like one, and one that does not."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        levels = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        picture = Image.fromarray(levels).resize((240, 180))
        picture.save(folder / f"photo {number}.jpg")
    (folder / "fake.png").write_text("no image")
    (folder / "notes.txt").write_text("no image")
    return folder


def mark(page: Page) -> None:
    """Make a note in the page, which a reload would lose."""
    page.evaluate("window.stayed = true")


def assert_stayed(page: Page) -> None:
    """Everything since `mark` came without a reload."""
    assert page.evaluate("window.stayed")


def send(page: Page) -> None:
    page.get_by_role("button", name="Remove backgrounds").click()


def api(service: Service, path: str) -> httpx.Response:
    headers = {"X-API-Key": service.api_key}
    return httpx.get(service.url + path, headers=headers, timeout=60).raise_for_status()


def test_a_job_shows_its_progress_and_its_results(
    page: Page, folder: Path, service: Service
) -> None:
    broken = folder / "photo 1.jpg"
    broken.write_bytes(broken.read_bytes()[:2000])
    page.set_input_files("#images", [folder / f"photo {number}.jpg" for number in range(3)])
    expect(page.get_by_text("3 images chosen.")).to_be_visible()
    page.get_by_label("Format").select_option("webp")
    send(page)
    page.wait_for_url(f"**{JOBS}/job_*")
    mark(page)
    summary = page.locator("#job-summary")
    expect(summary).to_have_text("2 of 3 images done, 1 failed")
    expect(page.get_by_text("Partly completed")).to_be_visible()
    expect(page.get_by_text("The image is cut short")).to_be_visible()
    assert_stayed(page)
    small = "[...document.images].filter((each) => each.naturalWidth === 192).length === 2"
    wait_until(lambda: page.evaluate(small))  # waiting in the page needs what its CSP forbids
    assert accessibility.violations(page) == []
    job_id = page.url.rpartition("/")[2]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download photo 0.jpg").click()
    result = Path(download.value.path()).read_bytes()
    assert result == api(service, f"/v1/bulk/{job_id}/items/0").content
    assert Image.open(BytesIO(result)).format == "WEBP"
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all").click()
    archive = api(service, f"/v1/bulk/{job_id}/archive").content
    assert Path(download.value.path()).read_bytes() == archive
    page.get_by_text("Delete this job").click()
    page.get_by_role("button", name="Delete for good").click()
    page.wait_for_url(f"**{JOBS}")
    assert job_id not in page.content()


def test_a_folder_becomes_several_jobs_with_one_progress(
    page: Page, folder: Path, service: Service
) -> None:
    form = page.locator("#new-job")
    assert form.get_attribute("data-max-images") == "50"
    form.evaluate("(form) => (form.dataset.maxImages = 2)")
    page.set_input_files("#folder", folder)
    expect(page.get_by_text("6 images chosen, which make 3 jobs.")).to_be_visible()
    expect(page.get_by_text("notes.txt is no image, and left out.")).to_be_visible()
    mark(page)
    send(page)
    done = page.get_by_text("5 images processed in 3 jobs.")
    expect(done).to_be_visible()
    expect(page.get_by_text("fake.png is left out: The file is not")).to_be_visible()
    assert accessibility.violations(page) == []
    assert_stayed(page)
    jobs = api(service, "/v1/bulk").json()["jobs"][:3]
    assert sorted(job["counts"]["succeeded"] for job in jobs) == [1, 2, 2]
    expect(page.get_by_role("row")).to_have_count(1 + len(jobs))
    assert_stayed(page)


def test_images_are_dropped(page: Page, folder: Path) -> None:
    names = page.evaluate_handle(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(["a"], "a.jpg", {type: "image/jpeg"}));
          transfer.items.add(new File(["b"], "b.txt", {type: "text/plain"}));
          return transfer;
        }"""
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": names})
    expect(page.get_by_text("1 image chosen.")).to_be_visible()
    expect(page.get_by_text("b.txt is no image, and left out.")).to_be_visible()


def test_a_webhook_is_delivered_again(page: Page, folder: Path) -> None:
    with receiving_webhooks() as receiver:
        page.set_input_files("#images", folder / "photo 0.jpg")
        page.get_by_text("More options").click()
        page.get_by_label("Webhook URL").fill(receiver.url)
        send(page)
        page.wait_for_url(f"**{JOBS}/job_*")
        expect(page.locator("#job-head .badge")).to_have_text("Completed")
        page.get_by_role("link", name="Webhooks").click()
        expect(page.get_by_text(receiver.url)).to_be_visible()
        page.get_by_role("row").nth(1).get_by_role("link").click()
        expect(page.get_by_text("Delivered")).to_be_visible()
        page.get_by_role("button", name="Send again now").click()
        mark(page)
        expect(page.get_by_role("row")).to_have_count(3)
        assert_stayed(page)
        assert accessibility.violations(page) == []
    assert receiver.accepted == 2
    assert len(receiver.jobs_by_id) == 1


def test_the_status_refreshes_itself(page: Page) -> None:
    page.goto("/dashboard/status")
    expect(page.get_by_text("The CPU of this process computes the masks.")).to_be_visible()
    mark(page)
    for _ in range(2):
        with page.expect_response("**/dashboard/status/cards"):
            pass
    assert_stayed(page)
    assert accessibility.violations(page) == []


def test_without_scripts_a_form_makes_a_job_and_its_page_reloads(
    browser: Browser, service: Service, session: str, folder: Path
) -> None:
    with chromium.opened(
        browser, service.url, storage_state=session, java_script_enabled=False
    ) as context:
        page = context.new_page()
        page.goto(JOBS)
        page.set_input_files("#images", [folder / "photo 0.jpg", folder / "photo 1.jpg"])
        send(page)
        page.wait_for_url(f"**{JOBS}/job_*")
        expect(page.get_by_text("2 of 2 images done")).to_be_visible()
