"""axe-core's rules, all of them but those that are experimental."""

from functools import cache

from playwright.sync_api import Page

from tests.servers.wheels import wheel


@cache
def _axe() -> str:
    return (wheel("axe_playwright_python") / "axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """What axe-core finds on a page as it is now, one line for each element."""
    # Evaluated by the debugger, which the page's CSP does not concern.
    page.evaluate(_axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
