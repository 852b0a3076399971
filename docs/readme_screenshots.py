"""`python -m docs.screenshots --readme`: the four pictures of the dashboard in the documentation.

They are made with the full model, so that they show what people get.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page
from skimage import data

from tests.browser import chromium
from tests.browser.playground import Playground
from tests.browser.signing_in import sign_in
from tests.end_to_end.service import Service, running
from tests.reduced_model import FULL_REPOSITORY
from tests.waiting import wait_until

FOLDER = Path(__file__).parent
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket")
"""Photos of scikit-image that are free to use."""
QUALITY = 82
TIMEOUT_S = 300


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    path: str
    scheme: Literal["light", "dark"]
    width: int
    prepare: Callable[[Page], object] = lambda page: None
    """What is done on the page before."""


def cut_out(page: Page, background: str = "") -> None:
    """Cut the sample photo out in the playground, on a colour if one is given."""
    playground = Playground(page)
    playground.choose()
    if background:
        playground.after(lambda: playground.tool("Colour"))
        playground.after(lambda: playground.fill("bg_color", background))
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(1000)  # the divider arrives


def shots(job_url: str) -> Iterator[Shot]:
    """Yield the four pictures."""
    yield Shot("dashboard-playground", "/", "light", chromium.DESKTOP, cut_out)
    yield Shot("dashboard-job", job_url, "dark", chromium.DESKTOP)
    yield Shot("dashboard-usage", "/dashboard/usage?range=1h", "light", chromium.DESKTOP)
    phone = chromium.PHONE
    yield Shot("dashboard-phone", "/", "dark", phone, lambda page: cut_out(page, "#8EA6FF"))


def use(service: Service) -> str:
    """Use the service a little; returns the path of a finished bulk job."""
    files = [("images", (f"{name}.jpg", _jpeg(name))) for name in PHOTOS]
    headers = {"X-API-Key": service.api_key}
    with httpx.Client(base_url=service.url, headers=headers, timeout=TIMEOUT_S) as client:
        job_id = client.post("/v1/bulk", files=files).raise_for_status().json()["job_id"]
        for options in ({}, {"format": "webp"}, {"feather": "900px"}):
            client.post("/v1/removebg", files={"image": files[0][1][1]}, data=options)
        wait_until(
            lambda: client.get(f"/v1/bulk/{job_id}").json()["status"] == "completed",
            timeout_s=TIMEOUT_S,
            every_s=2,
        )
    return f"/dashboard/jobs/{job_id}"


def take(browser: Browser, service: Service, session: str, shot: Shot) -> Path:
    """Write one picture; returns its path."""
    is_phone = shot.width == chromium.PHONE
    with chromium.opened(
        browser,
        service.url,
        color_scheme=shot.scheme,
        storage_state=session,
        is_mobile=is_phone,
        device_scale_factor=2 if is_phone else 1,
    ) as context:
        page = context.new_page()
        page.set_default_timeout(TIMEOUT_S * 1000)
        page.set_viewport_size({"width": shot.width, "height": chromium.HEIGHT})
        page.goto(shot.path, wait_until="networkidle")
        shot.prepare(page)
        picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    path = FOLDER / f"{shot.name}.webp"
    picture.save(path, quality=QUALITY, method=6)
    return path


def main() -> None:
    """Write the pictures to docs/."""
    with tempfile.TemporaryDirectory() as folder, chromium.launched() as browser:
        settings = {"request_timeout_s": TIMEOUT_S, "mask_cache_mb": 64}
        repository = FULL_REPOSITORY
        with running(Path(folder), model_repository=repository, **settings) as service:
            job_url = use(service)
            session = sign_in(browser, service)
            for shot in shots(job_url):
                path = take(browser, service, session, shot)
                print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")  # noqa: T201 # a command's output


def _jpeg(name: str) -> bytes:
    file = BytesIO()
    Image.fromarray(getattr(data, name)()).save(file, "JPEG", quality=92)
    return file.getvalue()
