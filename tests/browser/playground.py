"""The playground as a person uses it."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.end_to_end.astronaut import PHOTO

REMOVE = "/playground/removebg"
FINISHED = "#playground.has-result:not(.busy)"


class Playground:
    """One open playground."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.goto("/")
        page.wait_for_selector("#playground[data-ready]")
        self.slider = page.get_by_role("slider", name="Before and after")
        self.viewport = page.locator("[data-part=viewport]")
        self.notice = page.locator("[data-part=notice]")
        self.code = page.locator("#code code")

    def choose(self, path: Path = PHOTO) -> None:
        """Choose an image, and wait for its result."""
        self.after(lambda: self.page.set_input_files("[data-part=file]", path))

    def after(self, change: Callable[[], object]) -> None:
        """Change something, and wait for the result that it leads to."""
        with self.page.expect_response(lambda answer: answer.url.endswith(REMOVE)) as answer:
            change()
        assert answer.value.status == 200, answer.value.text()
        self.page.wait_for_selector(FINISHED)

    def fill(self, name: str, text: str) -> None:
        """Type the value of an option."""
        self.field(name).fill(text)

    def field(self, name: str) -> Locator:
        """The control with an option's name; the groups that are folded are unfolded."""
        self.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        return self.page.locator(f"[name={name}]")

    def tool(self, name: str) -> None:
        """Choose a tool."""
        self.page.get_by_role("radio", name=name, exact=True).check()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag from one point of the picture to another, both as shares of its sides."""
        box = self.page.locator("[data-part=frame]").bounding_box()
        assert box
        points = [
            (box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)
        ]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        self.page.mouse.move(*points[1], steps=8)
        self.page.mouse.up()

    def download(self) -> bytes:
        """The result, as it is saved."""
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Download").click()
        return Path(download.value.path()).read_bytes()
