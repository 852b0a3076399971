"""Two replicas of the real service on one PostgreSQL and one Valkey."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.astronaut import PHOTO, assert_coarsely_cut_out
from tests.end_to_end.service import CLEARBG, Service, environment, running
from tests.servers import postgres, valkey

LIMIT, SENT = 5, 12


@dataclass
class Replicas:
    """Services, and the command line beside them."""

    services: list[Service]
    data_dir: Path
    settings: dict[str, str]

    def keys(self, *arguments: str) -> str:
        """Run `clearbg keys`."""
        command = [str(CLEARBG), "keys", *arguments]
        env = environment(self.data_dir, **self.settings)
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    def send(self, secret: str, number: int) -> httpx.Response:
        """Send a photo to one of them."""
        url = f"{self.services[number % len(self.services)].url}/v1/removebg"
        files, headers = {"image": PHOTO.read_bytes()}, {"X-API-Key": secret}
        return httpx.post(url, files=files, headers=headers, timeout=300)


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[Replicas]:
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
