"""The front page: an image in, its cut-out beside it, and the call that does the same."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from gateway.rest.fields import FILES, OPTIONS
from tests.browser import accessibility, chromium
from tests.browser.playground import GIVE, REMOVE, Playground, alpha_of, by_api
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import Service


@pytest.fixture
def playground(context: BrowserContext) -> Playground:
    return Playground(context.new_page())


def test_every_option_of_the_api_has_a_control(playground: Playground) -> None:
    names = playground.page.eval_on_selector_all(
        "[data-part=options] [name]", "all => all.map((each) => each.name)"
    )
    ours = {name for name in names if not name.startswith("_")}
    assert ours == {*OPTIONS, *FILES} - {"image"}


def test_the_download_has_the_bytes_of_the_api(playground: Playground, service: Service) -> None:
    playground.choose()
    assert playground.download() == by_api(service)


def test_a_changed_option_is_shown_and_downloaded(playground: Playground, service: Service) -> None:
    playground.choose()
    shown = playground.page.locator("[data-part=after]")
    before = shown.get_attribute("src")
    playground.after(lambda: playground.tool("Colour"))
    assert playground.download() == by_api(service, bg_color="#ffffff")
    playground.after(lambda: playground.fill("bg_color", "#3557d6"))
    playground.after(lambda: playground.tool("WebP"))
    playground.after(lambda: playground.fill("feather", "4px"))
    assert shown.get_attribute("src") != before
    expected = by_api(service, bg_color="#3557d6", format="webp", feather="4px")
    assert playground.download() == expected


def test_a_change_cancels_the_request_before_it(playground: Playground, service: Service) -> None:
    playground.choose()
    page = playground.page
    page.route(f"**{REMOVE}", lambda route: None)  # never answered
    with page.expect_event("requestfailed") as failed:
        with page.expect_request(f"**{REMOVE}"):
            playground.fill("feather", "1px")
        page.unroute(f"**{REMOVE}")
        playground.after(lambda: playground.fill("feather", "2px"))
    assert failed.value.failure == "net::ERR_ABORTED"
    assert playground.download() == by_api(service, feather="2px")


def test_the_sample_is_one_click_away(playground: Playground, service: Service) -> None:
    playground.after(lambda: playground.page.get_by_role("button", name="Try a sample").click())
    assert playground.download() == by_api(service)


def test_an_image_can_be_pasted_and_dropped(playground: Playground, service: Service) -> None:
    for event in ("paste", "drop"):
        playground.after(lambda event=event: playground.page.evaluate(GIVE, event))  # type: ignore[misc]
        assert playground.download() == by_api(service)


def test_the_slider_moves_by_keyboard(playground: Playground) -> None:
    playground.choose()
    expect(playground.slider).to_have_attribute("aria-valuenow", "50")
    playground.slider.focus()
    for key, expected in {"ArrowRight": 51, "PageDown": 41, "Home": 0, "End": 100}.items():
        playground.page.keyboard.press(key)
        expect(playground.slider).to_have_attribute("aria-valuenow", str(expected))
    assert "inset(0px" in playground.clip()


def test_the_slider_moves_by_pointer(playground: Playground) -> None:
    playground.choose()
    clip = playground.clip()
    playground.drag((0.5, 0.5), (0.25, 0.5))
    expect(playground.slider).to_have_attribute("aria-valuenow", "25")
    assert playground.clip() != clip


def test_the_picture_zooms_to_its_pixels(playground: Playground) -> None:
    playground.choose()
    zoom = playground.page.locator("[data-part=zoom]")
    playground.viewport.focus()
    for _ in range(4):
        playground.page.keyboard.press("+")
    assert int(zoom.inner_text().removesuffix(" %")) > 300
    frame = playground.page.locator("[data-part=frame]")
    expect(frame).to_have_class(re.compile("pixels"))
    left = frame.evaluate("e => e.style.left")
    playground.page.keyboard.press("ArrowRight")
    assert frame.evaluate("e => e.style.left") != left
    playground.page.get_by_role("button", name="Fit").click()
    expect(zoom).to_have_text("100 %")


def test_strokes_keep_and_erase(playground: Playground, service: Service) -> None:
    playground.choose()
    found = alpha_of(playground.download())
    assert found[380:420, 140:240].min() > 100
    assert found[15:35, 340:370].max() < 100
    playground.tool("Erase")
    playground.after(lambda: playground.drag((0.25, 0.78), (0.48, 0.78)))
    playground.tool("Keep")
    playground.after(lambda: playground.drag((0.66, 0.05), (0.72, 0.05)))
    painted = alpha_of(playground.download())
    assert painted[398, 130:240].max() == 0, "erased"
    assert painted[26, 352] == 255, "kept"
    playground.after(lambda: playground.page.get_by_role("button", name="Clear").click())
    assert playground.download() == by_api(service)


def test_a_region_is_drawn(playground: Playground, service: Service) -> None:
    playground.choose()
    playground.tool("Region")
    playground.after(lambda: playground.drag((0.1, 0.1), (0.5, 0.9)))
    roi = playground.field("roi").input_value()
    assert re.fullmatch(r"[\d.]+% [\d.]+% [\d.]+% [\d.]+%", roi)
    assert playground.download() == by_api(service, roi=roi)


def test_an_error_says_what_to_change_at_the_field(playground: Playground) -> None:
    playground.choose()
    playground.fill("feather", "900px")
    expect(playground.notice).to_contain_text("feather must be a length, 0px to 100px")
    field = playground.field("feather")
    expect(field).to_have_attribute("aria-invalid", "true")
    playground.after(lambda: field.fill("2px"))
    expect(playground.notice).to_be_hidden()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_what_is_no_image_is_told_in_words(playground: Playground, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    playground.choose()
    playground.page.set_input_files("[data-part=file]", tmp_path / "notes.txt")
    expect(playground.notice).to_contain_text("Invalid image")
    expect(playground.notice).to_be_in_viewport(ratio=1)
    expect(playground.page.get_by_text("Drop an image here")).to_be_visible()
    download = playground.page.locator("[data-part=download]")
    expect(download).not_to_have_attribute("href", re.compile("."))  # the image before this one
    playground.choose()
    expect(download).to_be_visible()


def test_a_shown_call_that_fails_says_so(playground: Playground, tmp_path: Path) -> None:
    shutil.copy(PHOTO, tmp_path)
    playground.choose()
    command = ["bash", "-ec", playground.code.inner_text()]  # its key is YOUR_API_KEY
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0
    assert "401" in done.stderr


def test_a_service_that_is_away_can_be_tried_again(playground: Playground) -> None:
    playground.choose()
    playground.page.route("**/playground/removebg", lambda route: route.abort())
    playground.fill("feather", "2px")
    expect(playground.notice).to_contain_text("The connection failed")
    playground.page.unroute("**/playground/removebg")
    playground.after(lambda: playground.page.get_by_role("button", name="Try again").click())
    expect(playground.notice).to_be_hidden()


def test_what_the_browser_cannot_show_is_cut_out_too(
    playground: Playground, service: Service, tmp_path: Path
) -> None:
    Image.open(PHOTO).save(tmp_path / "scan.tiff")
    playground.choose(tmp_path / "scan.tiff")
    expect(playground.slider).to_be_hidden()
    expect(playground.page.locator("[data-part=after]")).to_be_visible()


def test_a_zip_has_no_preview_but_a_download(playground: Playground, service: Service) -> None:
    playground.choose()
    playground.after(lambda: playground.tool("ZIP"))
    expect(playground.notice).to_contain_text("has no preview")
    assert playground.download() == by_api(service, format="zip")


def test_stages_are_told_with_their_times(playground: Playground) -> None:
    playground.choose()
    for stage in ("upload", "infer", "encode", "download"):
        item = playground.page.locator(f"[data-stage={stage}] .time")
        expect(item).to_have_text(re.compile(r"^\d+(\.\d)? m?s$"))
    expect(playground.page.get_by_role("status")).to_contain_text("512 × 512 pixels")


RUNNERS = {
    "curl": ("snippet.sh", ["bash", "-e"]),
    "Python": ("snippet.py", [sys.executable]),
    "Node": ("snippet.mjs", [shutil.which("node") or "node"]),
}


@pytest.mark.parametrize("language", RUNNERS)
def test_the_shown_call_returns_the_same_bytes(
    language: str, playground: Playground, service: Service, tmp_path: Path
) -> None:
    picture = tmp_path / "it's, a; 'pho\"to.jpg"
    shutil.copy(PHOTO, picture)
    playground.choose(picture)
    playground.after(lambda: playground.fill("keep", "0% 0% 10% 10%; 90% 90% 100% 100%"))
    playground.after(lambda: playground.field("crop").check())
    playground.page.get_by_role("tab", name=language).click()
    assert "YOUR_API_KEY" in playground.code.inner_text()
    playground.page.get_by_label("Your API key").fill(service.api_key)
    name, command = RUNNERS[language]
    (tmp_path / name).write_text(playground.code.inner_text())
    done = subprocess.run([*command, name], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "cutout.png").read_bytes() == playground.download()


def test_it_is_accessible_at_work(playground: Playground) -> None:
    playground.choose()
    playground.fill("feather", "900px")
    expect(playground.notice).to_be_visible()
    playground.tool("Keep")
    playground.tool("Colour")
    assert accessibility.violations(playground.page) == []


def test_it_works_on_a_phone(playground: Playground) -> None:
    playground.page.set_viewport_size({"width": chromium.PHONE, "height": 700})
    playground.choose()
    playground.drag((0.5, 0.5), (0.75, 0.5))
    expect(playground.slider).to_have_attribute("aria-valuenow", "75")
    assert chromium.width_of(playground.page) <= chromium.PHONE
