"""Signing in as the first user does: by the link that the first start prints."""

import re

from playwright.sync_api import Browser, expect

from gateway.identity import links
from tests.browser import chromium
from tests.end_to_end.service import Service


def printed_link(service: Service) -> str:
    """The one-time link that the first start prints."""
    found = re.search(rf"http\S+{links.PATH}/[\w-]+", service.log.read_text())
    if not found:  # TODO: drop when the first start prints it
        return _made_link(service)
    return found[0]


def _made_link(service: Service) -> str:
    from gateway.accounts import database
    from gateway.accounts.accounts import DEFAULT, AccountStore
    from gateway.identity.identity import open_identity
    from gateway.identity.members import Role
    from gateway.settings import Settings

    settings = Settings(data_dir=service.log.parent, public_url=service.url)
    engine = database.connect(settings.database)
    identity = open_identity(engine, settings)
    user = identity.users.create("ada@example.com")
    identity.members.add(AccountStore(engine).find(DEFAULT).id, user.id, Role.OWNER)
    return identity.links.create(user.id)


def sign_in(browser: Browser, service: Service) -> str:
    """Use the printed link up; returns the path of a file with the session's cookies."""
    path = str(service.log.parent / "session.json")
    with chromium.opened(browser, service.url) as context:
        page = context.new_page()
        page.goto(printed_link(service))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        context.storage_state(path=path)
    return path
