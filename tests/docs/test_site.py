"""The guide as it is served: every page, its links, its address, and its settings."""

import re
from html import unescape

import httpx
import pytest

from gateway.docs import contents
from gateway.docs.guide import guide
from gateway.errors import GatewayError
from gateway.problems import error_classes
from gateway.settings import Settings
from tests.docs.conftest import HTML
from tests.end_to_end.service import ROOT
from tests.half_model import HalfModel
from tests.rest.gateway import serving

FOLDER = ROOT / "docs"
NAMES = [name for group in contents.read(FOLDER) for name in group.names]
PATHS = ["/docs", "/docs/api", "/docs/search?q=mask", *(f"/docs/{name}" for name in NAMES)]
MAX_BYTES = 100_000
HOSTILE = [
    '"><script>alert(1)</script>',
    "x.example/?<b>",
    "x.example' onload='",
    "user@x.example",
    "x.example:80:80",
    "$(reboot)",
    "`reboot`",
    "x.example y.example",
    "",
]


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_readable_by_anybody(path: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1
    assert "set-cookie" not in answer.headers
    assert len(answer.content) <= MAX_BYTES
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", answer.text)
    loaded = re.findall(r'(?:src=|<link[^>]* href=)"([^"]+)"', answer.text)
    assert all(each.startswith("/") and not each.startswith("//") for each in loaded)


async def test_every_link_leads_somewhere(client: httpx.AsyncClient) -> None:
    ids: dict[str, set[str]] = {}
    links: set[tuple[str, str]] = set()
    for path in PATHS:
        page = (await client.get(path)).text
        ids[path] = set(re.findall(r' id="([^"]+)"', page))
        found = re.findall(r'(?:href|src)="([^"]+)"', page)
        links |= {(path, unescape(link)) for link in found if not re.match(r"\w+:", link)}
    wrong = []
    for path, link in sorted(links):
        target, _, anchor = link.partition("#")
        if anchor and anchor not in ids.get(target or path, ()):
            wrong.append((path, link))
        elif target and target not in ids:
            answer = await client.get(target, follow_redirects=True)
            wrong += [(path, link)] if answer.status_code not in (200, 401) else []
    assert wrong == []
    assert len(links) > 300


async def test_every_problem_leads_to_its_explanation(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs/errors")).text
    for slug in {each.slug for each in error_classes(GatewayError)}:
        answer = await client.get(f"/problems/{slug}", headers=HTML)
        assert answer.headers["location"] == f"/docs/errors#{slug}"
        assert page.count(f'id="{slug}"') == 1
    for wrong in ("nonsense", 'x"y'):
        assert (await client.get(f"/problems/{wrong}")).status_code == 404


async def test_pictures_are_served_and_nothing_else(client: httpx.AsyncClient) -> None:
    for name, media_type in (
        ("editing.jpg", "image/jpeg"),
        ("dashboard-playground.webp", "image/webp"),
    ):
        answer = await client.get(f"/docs/pictures/{name}")
        assert answer.headers["content-type"] == media_type
    for wrong in ("__init__.py", "editing.md", "..%2Fpyproject.toml", "nothing.jpg"):
        assert (await client.get(f"/docs/pictures/{wrong}")).status_code == 404


async def test_examples_call_the_address_that_the_reader_uses(client: httpx.AsyncClient) -> None:
    sources = "".join(path.read_text() for path in FOLDER.glob("*.md"))
    written = len(re.findall("http://127.0.0.1:8080", sources))
    shown = 0
    for name in NAMES:
        page = (await client.get(f"/docs/{name}", headers={"Host": "cut.example:8443"})).text
        assert "127.0.0.1:8080" not in re.sub("<[^>]+>", "", page)
        shown += page.count("http://cut.example:8443")
    assert shown >= written > 10  # links show their address once more
    ipv6 = (await client.get("/docs/quick-start", headers={"Host": "[::1]:80"})).text
    assert "http://[::1]:80/v1/removebg" in ipv6


async def test_the_scheme_is_the_requests(client: httpx.AsyncClient) -> None:
    page = (await client.get("https://gateway/docs/quick-start")).text
    assert "https://gateway/v1/removebg" in page


@pytest.mark.parametrize("host", HOSTILE)
async def test_a_host_that_is_none_is_not_shown(host: str, client: httpx.AsyncClient) -> None:
    for path in ("/docs/quick-start", "/docs", "/docs/search.json", "/docs/nonsense"):
        answer = await client.get(path, headers={"Host": host, **HTML})
        assert not host or host not in unescape(answer.text)
        assert "<script>" not in answer.text
        assert "http://127.0.0.1:8080" in answer.text or path == "/docs/nonsense"


async def test_the_public_url_wins(settings: Settings) -> None:
    public = settings.model_copy(update={"public_url": "https://cutouts.example/"})
    async with serving(HalfModel(), public) as gateway:
        page = (await gateway.client.get("/docs/quick-start")).text
    assert "https://cutouts.example/v1/removebg" in page


async def test_an_unchanged_page_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/docs/errors")
    assert first.headers["cache-control"] == "no-cache"
    etag = first.headers["etag"]
    again = await client.get("/docs/errors", headers={"If-None-Match": f'"x", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    other = {"If-None-Match": etag, "Host": "other.example"}
    assert (await client.get("/docs/quick-start", headers=other)).status_code == 200
    plain = await client.get("/docs/errors", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text


async def test_a_missing_page_leads_to_the_contents(client: httpx.AsyncClient) -> None:
    answer = await client.get("/docs/nonsense", headers=HTML)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/docs/quick-start"' in answer.text
    problem = await client.get("/docs/nonsense")
    assert problem.headers["content-type"] == "application/problem+json"


async def test_there_is_a_guide_without_the_dashboard(settings: Settings) -> None:
    alone = settings.model_copy(update={"dashboard": "off"})
    async with serving(HalfModel(), alone) as gateway:
        page = await gateway.client.get("/docs/quick-start")
        assert page.status_code == 200
        assert "content-security-policy" in page.headers
        assert 'href="/dashboard/keys"' not in page.text
        for url in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert (await gateway.client.get(url)).status_code == 200
        missing = await gateway.client.get("/docs/nonsense", headers=HTML)
        assert "There is no such page" in missing.text
        elsewhere = await gateway.client.get("/nonsense", headers=HTML)
        assert elsewhere.headers["content-type"] == "application/problem+json"
        assert (await gateway.client.get("/sign-in")).status_code == 404


async def test_the_guide_can_be_turned_off(settings: Settings) -> None:
    without = settings.model_copy(update={"docs": "off"})
    async with serving(HalfModel(), without) as gateway:
        for path in ("/docs", "/docs/quick-start", "/docs/api", "/problems/bad-image"):
            assert (await gateway.client.get(path)).status_code == 404
        assert (await gateway.client.get("/openapi.json")).status_code == 200
        assert (await gateway.client.get("/sign-in", headers=HTML)).status_code == 200


def test_pages_are_rendered_once() -> None:
    assert guide() is guide()


def test_neighbours_follow_the_contents() -> None:
    pages = guide().pages
    ends = guide().neighbours(pages[NAMES[0]])[0], guide().neighbours(pages[NAMES[-1]])[1]
    assert ends == (None, None)
    before, after = guide().neighbours(pages[NAMES[1]])
    assert before is pages[NAMES[0]]
    assert after is pages[NAMES[2]]
