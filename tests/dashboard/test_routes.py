"""Who reaches what, for every route that there is."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import select

from gateway.accounts.tables import Table
from gateway.dashboard import playground, visitor
from gateway.identity.members import Role
from tests.dashboard.browser import HTML, Browser
from tests.dashboard.conftest import Site
from tests.dashboard.route_table import OF_ADMINS, OF_OWNERS, PRIVATE, ROWS, UNSAFE, WITH_IDS, Row
from tests.dashboard.things import OTHER, THINGS

FIELDS = {"role": "owner", "email": "new@example.com", "name": "new", "account": "1"}
"""Fields that no form rejects."""
NOISE = {"last_seen_at", "last_used_at", "last_sign_in_at"}


def everything(site: Site) -> dict[str, list[Any]]:
    """All rows of all tables, but for what every request writes."""
    with site.dashboard.engine.connect() as connection:
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in NOISE}
                for row in connection.execute(select(table)).mappings()
            ]
            for table in Table.metadata.sorted_tables
        }


async def outcomes(
    site: Site, browser: Browser, rows: Iterable[Row], token: str, **values: object
) -> dict[str, object]:
    """Call routes as scripts of a page do. Return the status of each, or what it has changed."""
    found: dict[str, object] = {}
    for row in rows:
        before = everything(site)
        answer = await browser.client.request(
            row.method,
            row.path(**values),
            data=FIELDS if row.is_unsafe else None,
            headers={"X-CSRF-Token": token},
        )
        found[str(row)] = answer.status_code if everything(site) == before else "changes something"
    return found


def every(rows: Iterable[Row], status: int) -> dict[str, object]:
    return {str(row): status for row in rows}


def test_every_route_that_is_not_for_anybody_asks_for_a_visitor() -> None:
    assert len(ROWS) >= 25
    # The playground asks for one unless the settings open it.
    assert [
        str(row)
        for row in PRIVATE
        if not (row.asks_for(visitor.signed_in) or row.asks_for(playground.allowed))
    ] == []


async def test_strangers_are_sent_to_the_sign_in(site: Site) -> None:
    browser = site.browser()
    token = await browser.token()
    assert await outcomes(site, browser, PRIVATE, token) == every(PRIVATE, 401)
    for row in PRIVATE:
        if not row.is_unsafe:
            page = await browser.open(row.path())
            assert page.status_code == 303
            assert page.headers["location"].startswith("/sign-in?next=%2F")


async def test_members_do_not_reach_what_is_the_owners(site: Site) -> None:
    browser = await site.signed_in(site.user(role=Role.MEMBER))
    token = await browser.token()
    assert await outcomes(site, browser, OF_OWNERS, token) == every(OF_OWNERS, 403)


async def test_owners_do_not_reach_what_is_the_administrators(site: Site) -> None:
    browser = await site.signed_in(site.user())
    token = await browser.token()
    assert await outcomes(site, browser, OF_ADMINS, token) == every(OF_ADMINS, 403)


async def test_no_account_reaches_a_thing_of_another(site: Site) -> None:
    site.dashboard.accounts.create(OTHER)
    site.user("owner@other.example", Role.OWNER, OTHER)
    names = {name for row in WITH_IDS for name in row.parameters}
    things = {name: THINGS[name](site) for name in sorted(names)}
    browser = await site.signed_in(site.user())
    token = await browser.token()
    assert await outcomes(site, browser, WITH_IDS, token, **things) == every(WITH_IDS, 404)


@pytest.mark.parametrize("kind", ["none", "made up", "another session's", "of before the sign-in"])
async def test_nothing_changes_without_the_sessions_own_token(kind: str, site: Site) -> None:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, True)
    other = await site.signed_in(user)
    token = {"none": "", "made up": "0" * 64}.get(kind, await other.token())
    if kind == "of before the sign-in":
        token = await site.browser().token()
    browser = await site.signed_in(user)
    assert await outcomes(site, browser, UNSAFE, token) == every(UNSAFE, 403)
    form = FIELDS | {"csrf_token": token}
    for row in UNSAFE:
        answer = await browser.client.request(row.method, row.path(), data=form, headers=HTML)
        assert answer.status_code == 403
        assert "out of date" in answer.text


async def test_nothing_changes_when_another_site_asks_for_it(site: Site) -> None:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, True)
    browser = await site.signed_in(user)
    token = await browser.token()
    browser.client.headers["Sec-Fetch-Site"] = "cross-site"
    assert await outcomes(site, browser, UNSAFE, token) == every(UNSAFE, 403)
