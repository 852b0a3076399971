"""Part of `make soak`: processes are killed at random moments, and every bulk job ends well.

ROUNDS [sqlite|distributed]: `sqlite` is one service; `distributed` is a gateway and a worker, on
PostgreSQL and an S3 server. In each round one process is killed; all jobs have webhooks, whose
endpoint fails now and then.
"""

import contextlib
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any
from unittest.mock import patch

import httpx
import obstore
import psycopg
from obstore.store import LocalStore, from_url
from rich.console import Console

from loadtest.hook import Hook, hook
from loadtest.ports import free_port
from serving.photos import PHOTOS
from tests.end_to_end.service import Service, running, working
from tests.servers import postgres, seaweed

JOBS, IMAGES = 2, 6
LONGEST_S = 8.0
"""From a round's start to the blow: jobs are being received, done, or have ended."""
END_WITHIN_S = 180.0


@dataclass
class Member:
    """A process, and how it is started."""

    start: Callable[[], AbstractContextManager[Service | Popen[str]]]
    stack: ExitStack = field(default_factory=ExitStack)
    running: Service | Popen[str] | None = None

    def run(self) -> None:
        """Start it, or start it again."""
        self.running = self.stack.enter_context(self.start())

    def kill(self) -> None:
        """At once, with all that it was doing."""
        made = self.running
        assert made
        (made.process if isinstance(made, Service) else made).kill()
        self.stack.close()


@dataclass
class Fleet:
    """Processes on the same stores, the gateway first."""

    members: list[Member]
    folder: Path
    settings: dict[str, object]
    hook: Hook
    key: str = ""

    @property
    def gateway(self) -> Service:
        """Whom to ask."""
        found = self.members[0].running
        assert isinstance(found, Service)
        return found

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask the gateway."""
        self.key = self.key or self.gateway.api_key
        url, headers = f"{self.gateway.url}{path}", {"X-API-Key": self.key}
        return httpx.request(method, url, headers=headers, timeout=60, **request)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs that there are."""
        found: list[dict[str, Any]] = self.ask("GET", "/v1/bulk?limit=100").json()["jobs"]
        return found

    def rows(self, query: str) -> list[Any]:
        """What the database says."""
        if url := self.settings.get("database_url"):
            with psycopg.connect(str(url)) as connection:
                return connection.execute(query.encode()).fetchall()
        with contextlib.closing(sqlite3.connect(self.folder / "clearbg.db")) as connection:
            return connection.execute(query).fetchall()

    def blobs(self) -> list[str]:
        """The paths of all blobs."""
        url = self.settings.get("bulk_storage_url")
        store = from_url(str(url)) if url else LocalStore(self.folder / "bulk", mkdir=True)
        return [str(blob["path"]) for blobs in obstore.list(store) for blob in blobs]


@contextmanager
def fleet(kind: str) -> Iterator[Fleet]:
    """Start what is to be killed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings: dict[str, object] = {
            "webhook_networks": "127.0.0.0/8",
            "rate_limit_requests_per_minute": 0,
        }
        ports = [free_port(), free_port()]  # by which they are known again
        members = [Member(lambda: running(folder, operations_port=ports[0], **settings))]
        if kind == "distributed":
            s3 = stack.enter_context(seaweed.running())
            stack.enter_context(patch.dict(os.environ, s3.environment))
            url = stack.enter_context(postgres.running()).url
            settings |= {"database_url": url, "bulk_storage_url": s3.url}
            settings |= {"bulk_work": "elsewhere"}
            members.append(Member(lambda: working(folder, operations_port=ports[1], **settings)))
        made = Fleet(members, folder, settings, stack.enter_context(hook()))
        for member in members:
            stack.callback(member.stack.close)
            member.run()
        yield made


def one_round(made: Fleet, rng: random.Random) -> float:
    """Send jobs while a process is killed, start it again, and wait until all have ended.

    Returns:
        Seconds from the blow to the end of the last job.
    """
    image = ("photo.jpg", PHOTOS[rng.randrange(len(PHOTOS))].read())
    victim = rng.choice(made.members)
    blow = threading.Timer(rng.uniform(0, LONGEST_S), victim.kill)
    blow.start()
    for _ in range(JOBS):
        with contextlib.suppress(httpx.TransportError):
            data = {"webhook_url": made.hook.url}
            made.ask("POST", "/v1/bulk", files=[("images", image)] * IMAGES, data=data)
    blow.join()
    killed_at = time.monotonic()
    victim.run()
    while any(job["finished_at"] is None for job in made.jobs()):
        assert time.monotonic() - killed_at < END_WITHIN_S, made.jobs()
        time.sleep(0.3)
    return time.monotonic() - killed_at


def check_webhooks(made: Fleet) -> None:
    """Each job was told of under one id, and every message was taken."""
    deadline = time.monotonic() + END_WITHIN_S
    while rows := made.rows("SELECT id FROM webhook_deliveries WHERE status <> 'delivered'"):
        assert time.monotonic() < deadline, rows
        time.sleep(0.5)
    jobs = {job["job_id"] for job in made.jobs()}
    assert made.hook.jobs_by_id == {job.replace("job_", "evt_"): {job} for job in jobs}


def check(made: Fleet) -> int:
    """Hold every promise against what came of all jobs; gives the number of images."""
    jobs = made.jobs()
    for job in jobs:
        assert job["counts"]["succeeded"] == job["image_count"] == IMAGES, job
        for number in range(IMAGES):
            result = made.ask("GET", f"/v1/bulk/{job['job_id']}/items/{number}")
            assert result.status_code == 200, result.text
            assert result.content.startswith(b"\x89PNG")
    images = len(jobs) * IMAGES
    rows = made.rows("SELECT sum(images) FROM api_keys")
    assert int(rows[0][0] or 0) == images, (rows, images)
    # Uploads that were cut off are there until they expire; nothing else is.
    receiving = {row[0] for row in made.rows("SELECT id FROM bulk_jobs WHERE status='receiving'")}
    done = {job["job_id"] for job in jobs}
    for path in made.blobs():
        job_id, kind, _ = path.split("/")
        assert job_id in receiving or (job_id in done and kind == "out"), path
    return images


def main(rounds: int, kind: str, seed: int = 1) -> None:
    """Run so many rounds, and print what came of each."""
    console, rng = Console(), random.Random(seed)
    with fleet(kind) as made:
        for number in range(rounds):
            took_s = one_round(made, rng)
            images = check(made)
            check_webhooks(made)
            console.print(
                f"{kind} round {number + 1}: all jobs ended {took_s:.1f} s after the blow; "
                f"{images} images so far, each charged once; {made.hook.taken} webhooks for "
                f"{images // IMAGES} jobs"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "sqlite")
