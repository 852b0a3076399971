"""What every page has: headers, escaped names, static files that are there; and errors."""

import gzip
import re

import pytest
from sqlalchemy.exc import OperationalError

from gateway.dashboard import assets
from tests.dashboard.conftest import Site
from tests.dashboard.route_table import PRIVATE

SCRIPT = "<script>alert(1)</script>"
MAX_PAGE_BYTES = 100_000


async def test_every_page_forbids_inline_scripts_frames_and_sniffing(site: Site) -> None:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, True)
    browser = await site.signed_in(user)
    paths = [row.path() for row in PRIVATE if not row.is_unsafe]
    for path in (*paths, "/sign-in", "/nonsense", "/sign-in/link/wrong", assets.url_of("icon.svg")):
        answer = await browser.open(path)
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'", path
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == "'self'"
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        if "text/html" in answer.headers.get("content-type", ""):
            assert answer.headers["cache-control"] == "no-store"
            assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", answer.text), path


async def test_the_apis_answers_are_as_before(site: Site) -> None:
    client = site.browser().client
    for path in ("/v1/models", "/openapi.json", "/docs/static/swagger-ui.css"):
        assert "content-security-policy" not in (await client.get(path)).headers
    answer = await client.get("/v1/models", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "application/problem+json"
    answer = await client.get("/nonsense")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_names_are_shown_and_never_run(site: Site) -> None:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, True)
    site.dashboard.identity.users.rename(user.id, SCRIPT)
    account = site.dashboard.accounts.create(f'"{SCRIPT}')
    site.user(f"{SCRIPT}@example.com", account=account.name)
    browser = await site.signed_in(user)
    browser.client.headers["User-Agent"] = SCRIPT
    pages = [
        "/dashboard/settings",
        "/dashboard/members",
        "/dashboard/accounts",
        f"/dashboard/accounts/{account.id}",
        f"/sign-in?next=/{SCRIPT}",
    ]
    seen = 0
    for path in pages:
        page = await browser.open(path)
        assert SCRIPT not in page.text
        seen += page.text.count("&lt;script&gt;")
    assert seen >= 4


async def test_static_files_are_kept_for_ever_under_urls_of_their_content(site: Site) -> None:
    browser = site.browser()
    page = await browser.open("/sign-in")
    urls = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(urls) >= 3
    for url in urls:
        answer = await browser.client.get(url)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        other = re.sub(r"/\w{12}/", "/000000000000/", url)
        answer = await browser.client.get(other)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    for wrong in ("nothing.css", "../app.py", "..%2Fapp.py", "%2e%2e/app.py"):
        answer = await browser.client.get(f"/static/dashboard/000000000000/{wrong}")
        assert answer.status_code != 200


async def test_a_page_with_all_its_files_is_small(site: Site) -> None:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, True)
    browser = await site.signed_in(user)
    for row in PRIVATE:
        if row.is_unsafe or row.parameters:
            continue
        page = await browser.open(row.path())
        files = set(re.findall(r'(?:href|src)="/static/dashboard/\w+/([^"]+)"', page.text))
        sizes = [len(gzip.compress(assets.assets().files[name])) for name in files]
        assert len(page.content) + sum(sizes) <= MAX_PAGE_BYTES, row


async def test_an_outage_of_the_database_is_told_and_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await site.signed_in(site.user())

    def fail(token: str) -> None:
        raise OperationalError("SELECT", {}, Exception("no connection"))

    with monkeypatch.context() as outage:
        outage.setattr(site.dashboard.identity.sessions, "find", fail)
        page = await browser.open("/dashboard/settings")
        assert (page.status_code, page.headers["retry-after"]) == (503, "5")
        assert "The database does not answer now." in page.text
    assert (await browser.open("/dashboard/settings")).status_code == 200


async def test_large_and_odd_forms_are_rejected(site: Site) -> None:
    browser = site.browser()
    token = await browser.token()
    large = {"csrf_token": token, "email": "a" * 70_000}
    assert (await browser.post("/sign-in", large)).status_code == 400
    many = {"csrf_token": token} | {f"field{number}": "" for number in range(300)}
    assert (await browser.post("/sign-in", many)).status_code == 400
    odd = b"csrf_token=%ff&email=\xff"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.client.post("/sign-in", content=odd, headers=headers)
    assert answer.status_code == 400


async def test_ids_beyond_the_databases_integers_are_rejected(site: Site) -> None:
    browser = await site.signed_in(site.user())
    answer = await browser.send(
        f"/dashboard/members/{10**20}/remove", page="/dashboard/members", role="owner"
    )
    assert answer.status_code == 400
