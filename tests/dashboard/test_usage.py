"""The page of usage: charts, tables and CSV of the account's own numbers."""

import csv
import re
import time
from xml.etree import ElementTree

import pytest

from gateway.accounts.accounts import DEFAULT
from gateway.accounts.usage_store import UsageStore
from gateway.dashboard import charts
from gateway.dashboard.charts import Times, Values
from gateway.dashboard.usage import PATH, RANGES
from gateway.identity.members import Role
from tests.dashboard.conftest import Site

SVG = re.compile(r"<svg viewBox=\"0 0 400.*?</svg>", re.S)
USED = {
    "requests": 4,
    "images": 3,
    "pixels": 36_000_000,
    "latency:0.4": 2,
    "latency:2.5": 1,
    "error:bad-image": 1,
}


def use(site: Site, name: str = "Web shop", account: str = DEFAULT) -> int:
    """Make a key, and use it now."""
    key, _ = site.dashboard.keys.create(name, site.dashboard.accounts.find(account).id)
    minute_s = int(time.time()) // 60 * 60
    UsageStore(site.dashboard.engine).write({(key.id, minute_s): USED}, {})
    return key.id


@pytest.mark.parametrize("range_", RANGES)
async def test_numbers_are_charts_and_tables(site: Site, range_: str) -> None:
    use(site)
    browser = await site.signed_in(site.user("bob@example.com", Role.MEMBER))
    answer = await browser.open(f"{PATH}?range={range_}")
    assert answer.status_code == 200
    page = answer.text
    drawings = [ElementTree.fromstring(drawing) for drawing in SVG.findall(page)]
    assert len(drawings) == 4
    for drawing in drawings:
        assert drawing.attrib["role"] == "img"
        title, desc = drawing.find("title"), drawing.find("desc")
        assert title is not None
        assert desc is not None
        assert title.text
        assert desc.text
        assert drawing.attrib["aria-labelledby"] == f"{title.attrib['id']} {desc.attrib['id']}"
        marks = [text.text for text in drawing.findall("text")]
        assert len(marks) >= 5
        assert "Nothing in this time" not in marks
    assert "3 images were cut out." in page
    error = "<strong>Invalid image</strong></td>.*There is no image, .*<code>/problems/bad-image<"
    assert re.search(error, page)
    assert re.search(r'<th scope="row"><a [^>]+>Web shop</a></th>', page)
    assert len(page) < 100_000
    assert " style=" not in page


async def test_without_use_the_page_says_so(site: Site) -> None:
    browser = await site.signed_in(site.user())
    page = (await browser.open(PATH)).text
    assert page.count("Nothing in this time") == 4
    assert "No key was used" in page
    answer = await browser.open(f"{PATH}/csv")
    assert answer.text.count("\n") == 1


async def test_one_key_can_be_looked_at(site: Site) -> None:
    one = use(site, "one")
    use(site, "other")
    browser = await site.signed_in(site.user())
    assert "6 images were cut out." in (await browser.open(PATH)).text
    page = (await browser.open(f"{PATH}?key={one}")).text
    assert "3 images were cut out." in page
    assert f"{PATH}/csv?range=24h&amp;key={one}" in page or f"csv?range=24h&key={one}" in page
    (row,) = csv.DictReader((await browser.open(f"{PATH}/csv?key={one}")).text.splitlines())
    assert (row["images"], row["megapixels"], row["errors bad-image"]) == ("3", "36.0", "1")


async def test_the_file_has_a_name(site: Site) -> None:
    browser = await site.signed_in(site.user())
    answer = await browser.open(f"{PATH}/csv?range=30d")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="usage-30d.csv"'


async def test_other_accounts_usage_does_not_exist(site: Site) -> None:
    site.dashboard.accounts.create("other")
    theirs = use(site, "theirs", "other")
    browser = await site.signed_in(site.user())
    for path in (PATH, f"{PATH}/csv"):
        answer = await browser.open(path)
        assert "theirs" not in answer.text
        assert "3 images" not in answer.text
        for key in (str(theirs), "0", "-1", "x", "9" * 30):
            assert (await browser.open(f"{path}?key={key}")).status_code == 404
        assert (await browser.open(f"{path}?range=1y")).status_code == 400
        answer = await site.browser().open(path)
        assert answer.status_code == 303, "nobody is signed in"


def test_charts_have_round_numbers_and_stack_their_bars() -> None:
    times = Times(range(0, 600, 60), 300, lambda at: f"{at:%H:%M}")
    series = [Values("a", [7, *[None] * 9]), Values("b", [30, *[None] * 8, 5])]
    drawing = charts.bars(times, series)
    assert [tick.label for tick in drawing.y_ticks] == ["0", "10", "20", "30", "40"]
    assert [tick.label for tick in drawing.x_ticks] == ["00:00", "00:05"]
    low, high = (shape.path for shape in drawing.shapes)
    bottom, top = re.findall(r"[ V]([\d.]+)", low)[:2]
    assert float(bottom) == charts.BASE
    assert float(top) == pytest.approx(charts.BASE - charts.PLOT_HEIGHT * 7 / 40, abs=0.06)
    assert re.findall(r"M[\d.]+ ([\d.]+)", high)[0] == top
    assert not drawing.is_empty
    assert charts.bars(times, [Values("a", [None] * 10)]).is_empty


def test_lines_are_interrupted_where_nothing_was_measured() -> None:
    times = Times(range(0, 300, 60), 300, str)
    drawing = charts.lines(times, [Values("p50", [0.2, 0.3, None, 0.4, None])])
    assert drawing.shapes[0].path.count("M") == 2
    assert drawing.shapes[0].path.count(f"h{charts.DOT}") == 1, "the value without neighbours"
    assert [tick.label for tick in drawing.y_ticks] == ["0", "0.1", "0.2", "0.3", "0.4"]
