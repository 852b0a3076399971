import httpx

from tests.dashboard.conftest import Site


async def test_a_link_signs_in_once_and_only_by_its_button(site: Site) -> None:
    user = site.user()
    path = httpx.URL(site.dashboard.identity.links.create(user.id)).path
    browser = site.browser()
    for _ in range(2):
        assert (await browser.open(path)).status_code == 200  # a preview uses nothing up
    answer = await browser.send(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/settings")
    page = await browser.open("/dashboard/settings")
    assert page.status_code == 200
    again = site.browser()
    answer = await again.send(path)
    assert answer.status_code == 410
    assert "no longer works" in answer.text
