"""Two replicas of the real service on one PostgreSQL and one Valkey."""

import re
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.dashboard.browser import HTML, TOKEN
from tests.end_to_end.astronaut import PHOTO, assert_coarsely_cut_out
from tests.end_to_end.service import CLEARBG, Service, environment, running
from tests.servers import postgres, valkey
from tests.waiting import wait_until

LIMIT, SENT = 5, 12


@dataclass
class Replicas:
    """Services, and the command line beside them."""

    services: list[Service]
    data_dir: Path
    settings: dict[str, str]

    def keys(self, *arguments: str) -> str:
        """Run `clearbg keys`."""
        return self.run("keys", *arguments)

    def run(self, *arguments: str) -> str:
        """Run `clearbg`, and return what it prints."""
        command = [str(CLEARBG), *arguments]
        env = environment(self.data_dir, **self.settings)
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    def send(self, secret: str, number: int) -> httpx.Response:
        """Send a photo to one of them."""
        url = f"{self.services[number % len(self.services)].url}/v1/removebg"
        files, headers = {"image": PHOTO.read_bytes()}, {"X-API-Key": secret}
        return httpx.post(url, files=files, headers=headers, timeout=300)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    tmp_path = tmp_path_factory.mktemp("replicas")
    folders = [tmp_path / name for name in ("one", "two")]
    with ExitStack() as stack:
        settings = {
            "database_url": stack.enter_context(postgres.running()).url,
            "rate_limit_url": stack.enter_context(valkey.running()).url,
        }
        for folder in folders:
            folder.mkdir()
        starts = [running(folder, **settings) for folder in folders]
        for start in starts:
            stack.push(start)
        with ThreadPoolExecutor() as threads:  # both migrate the same empty database
            services = list(threads.map(lambda start: start.__enter__(), starts))
        yield Replicas(services, tmp_path, settings)


def test_replicas_share_keys_and_limits(replicas: Replicas) -> None:
    secret = replicas.keys("create", "--requests-per-minute", str(LIMIT)).strip()
    with ThreadPoolExecutor(SENT) as threads:
        answers = list(threads.map(lambda number: replicas.send(secret, number), range(SENT)))
    passed = [answer for answer in answers if answer.status_code == 200]
    assert len(passed) == LIMIT
    assert {answer.status_code for answer in answers} == {200, 429}
    for answer in passed:
        assert_coarsely_cut_out(answer.content)

    another = replicas.keys("create").strip()
    assert [replicas.send(another, number).status_code for number in range(2)] == [200, 200]
    listed = replicas.keys("list", "--json")
    newest = max(
        int(line.split(":")[1].strip(" ,")) for line in listed.splitlines() if '"id"' in line
    )
    replicas.keys("revoke", str(newest))
    deadline = time.monotonic() + 120
    while [replicas.send(another, number).status_code for number in range(2)] != [401, 401]:
        assert time.monotonic() < deadline
        time.sleep(0.5)


@pytest.fixture
def browser(replicas: Replicas) -> Iterator[httpx.Client]:
    """A browser, signed in at the first replica. It keeps cookies by host, whatever the port."""
    link = replicas.run("users", "create", f"{uuid4().hex}@example.com").strip()
    page = replicas.services[0].url + httpx.URL(link).path
    with httpx.Client(headers=HTML, timeout=120) as client:
        assert post(client, page, page).status_code == 303
        yield client


def post(client: httpx.Client, url: str, page: str, **fields: str) -> httpx.Response:
    """Send a form with the token of a page, which may be the other replica's."""
    token = TOKEN.search(client.get(page).text)
    assert token
    return client.post(url, data={"csrf_token": token[1], **fields})


def usage_of(client: httpx.Client, service: Service, key: str) -> list[int]:
    """Requests and images of a key, as the usage page says."""
    page = client.get(f"{service.url}/dashboard/usage?range=1h").raise_for_status().text
    row = re.search(rf">{key}</a></th>" + r'<td class="number">(\d+)</td>' * 2, page)
    return [int(figure) for figure in row.groups()] if row else []


def test_a_session_works_at_all_replicas_until_it_is_ended_at_one(
    replicas: Replicas, browser: httpx.Client
) -> None:
    one, two = pages = [f"{service.url}/dashboard/settings" for service in replicas.services]
    assert post(browser, f"{two}/profile", one, name="Ada Lovelace").status_code == 303
    assert all("Ada Lovelace" in browser.get(page).text for page in pages)

    cookies = dict(browser.cookies)
    assert post(browser, f"{one}/sign-out-everywhere", two).status_code == 303
    browser.cookies.update(cookies)  # as of somebody who has copied them
    for page in pages:
        answer = browser.get(page)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?")


def test_the_usage_page_of_each_replica_has_what_all_have_counted(
    replicas: Replicas, browser: httpx.Client
) -> None:
    secret = replicas.keys("create", "--name", "at both").strip()
    sent = [replicas.send(secret, number).status_code for number in (0, 0, 1)]
    assert sent == [200, 200, 200]
    for service in replicas.services:
        wait_until(lambda at=service: usage_of(browser, at, "at both") == [3, 3])
