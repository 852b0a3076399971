"""Part of `make soak`: kill processes at random moments, and check that every bulk job succeeds.

ROUNDS [sqlite|distributed]: `sqlite` is one service; `distributed` is a gateway and a worker, with
PostgreSQL and an S3 server. In each round one process is killed. All jobs have webhooks, whose
endpoint rejects some of them.
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

from loadtest.ports import free_port
from loadtest.webhook_receiver import WebhookReceiver, receiving_webhooks
from serving.photos import PHOTOS
from tests.end_to_end.service import Service, running, working
from tests.servers import postgres, seaweed

JOBS, IMAGES = 2, 6
MAX_KILL_DELAY_S = 8.0
"""From the start of a round to the kill: jobs are being received, processed, or have ended."""
END_TIMEOUT_S = 180.0


@dataclass
class Member:
    """A process that can be killed and started again."""

    start: Callable[[], AbstractContextManager[Service | Popen[str]]]
    stack: ExitStack = field(default_factory=ExitStack)
    running: Service | Popen[str] | None = None

    def run(self) -> None:
        """Start the process."""
        self.running = self.stack.enter_context(self.start())

    def kill(self) -> None:
        """Kill the process without letting it finish anything."""
        running = self.running
        assert running
        (running.process if isinstance(running, Service) else running).kill()
        self.stack.close()


@dataclass
class Fleet:
    """Processes that share a database and a storage; the first one is the gateway."""

    members: list[Member]
    folder: Path
    settings: dict[str, object]
    webhooks: WebhookReceiver
    key: str = ""

    @property
    def gateway(self) -> Service:
        """The gateway, while it runs."""
        service = self.members[0].running
        assert isinstance(service, Service)
        return service

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send a request to the gateway."""
        self.key = self.key or self.gateway.api_key
        url, headers = f"{self.gateway.url}{path}", {"X-API-Key": self.key}
        return httpx.request(method, url, headers=headers, timeout=60, **arguments)

    def jobs(self) -> list[dict[str, Any]]:
        """Return all jobs."""
        jobs: list[dict[str, Any]] = self.request("GET", "/v1/bulk?limit=100").json()["jobs"]
        return jobs

    def rows(self, query: str) -> list[Any]:
        """Query the database."""
        if url := self.settings.get("database_url"):
            with psycopg.connect(str(url)) as connection:
                return connection.execute(query.encode()).fetchall()
        with contextlib.closing(sqlite3.connect(self.folder / "clearbg.db")) as connection:
            return connection.execute(query).fetchall()

    def blobs(self) -> list[str]:
        """Return the paths of all blobs."""
        url = self.settings.get("bulk_storage_url")
        store = from_url(str(url)) if url else LocalStore(self.folder / "bulk", mkdir=True)
        return [str(blob["path"]) for blobs in obstore.list(store) for blob in blobs]


@contextmanager
def running_fleet(kind: str) -> Iterator[Fleet]:
    """Run all processes until the block ends.

    Args:
        kind: `sqlite` or `distributed`.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings: dict[str, object] = {
            "webhook_networks": "127.0.0.0/8",
            "rate_limit_requests_per_minute": 0,
        }
        ports = [free_port(), free_port()]  # fixed: a worker's id contains it
        members = [Member(lambda: running(folder, operations_port=ports[0], **settings))]
        if kind == "distributed":
            s3 = stack.enter_context(seaweed.running())
            stack.enter_context(patch.dict(os.environ, s3.environment))
            url = stack.enter_context(postgres.running()).url
            settings |= {"database_url": url, "bulk_storage_url": s3.url}
            settings |= {"bulk_work": "elsewhere"}
            members.append(Member(lambda: working(folder, operations_port=ports[1], **settings)))
        fleet = Fleet(members, folder, settings, stack.enter_context(receiving_webhooks()))
        for member in members:
            stack.callback(member.stack.close)
            member.run()
        yield fleet


def run_round(fleet: Fleet, rng: random.Random) -> float:
    """Send jobs while a process is killed, start it again, and wait until all jobs have ended.

    Returns:
        Seconds from the kill to the end of the last job.
    """
    image = ("photo.jpg", PHOTOS[rng.randrange(len(PHOTOS))].read())
    victim = rng.choice(fleet.members)
    kill = threading.Timer(rng.uniform(0, MAX_KILL_DELAY_S), victim.kill)
    kill.start()
    for _ in range(JOBS):
        with contextlib.suppress(httpx.TransportError):
            data = {"webhook_url": fleet.webhooks.url}
            fleet.request("POST", "/v1/bulk", files=[("images", image)] * IMAGES, data=data)
    kill.join()
    killed_at = time.monotonic()
    victim.run()
    while any(job["finished_at"] is None for job in fleet.jobs()):
        assert time.monotonic() - killed_at < END_TIMEOUT_S, fleet.jobs()
        time.sleep(0.3)
    return time.monotonic() - killed_at


def check_webhooks(fleet: Fleet) -> None:
    """Check that every job was reported under one webhook-id, and every message accepted."""
    deadline = time.monotonic() + END_TIMEOUT_S
    while rows := fleet.rows("SELECT id FROM webhook_deliveries WHERE status <> 'delivered'"):
        assert time.monotonic() < deadline, rows
        time.sleep(0.5)
    jobs = {job["job_id"] for job in fleet.jobs()}
    assert fleet.webhooks.jobs_by_id == {job.replace("job_", "evt_"): {job} for job in jobs}


def check(fleet: Fleet) -> int:
    """Check the results, credits and blobs of all jobs, and return the number of images."""
    jobs = fleet.jobs()
    for job in jobs:
        assert job["counts"]["succeeded"] == job["image_count"] == IMAGES, job
        for number in range(IMAGES):
            result = fleet.request("GET", f"/v1/bulk/{job['job_id']}/items/{number}")
            assert result.status_code == 200, result.text
            assert result.content.startswith(b"\x89PNG")
    images = len(jobs) * IMAGES
    rows = fleet.rows("SELECT sum(images) FROM api_keys")
    assert int(rows[0][0] or 0) == images, (rows, images)
    # Interrupted uploads remain until they expire; nothing else does.
    receiving = {row[0] for row in fleet.rows("SELECT id FROM bulk_jobs WHERE status='receiving'")}
    ended = {job["job_id"] for job in jobs}
    for path in fleet.blobs():
        job_id, kind, _ = path.split("/")
        assert job_id in receiving or (job_id in ended and kind == "out"), path
    return images


def main(rounds: int, kind: str, seed: int = 1) -> None:
    """Run the rounds, and print a line after each."""
    console, rng = Console(), random.Random(seed)
    with running_fleet(kind) as fleet:
        for number in range(rounds):
            took_s = run_round(fleet, rng)
            images = check(fleet)
            check_webhooks(fleet)
            console.print(
                f"{kind} round {number + 1}: all jobs ended {took_s:.1f} s after the kill; "
                f"{images} images so far, each charged once; "
                f"{fleet.webhooks.accepted} webhooks for {images // IMAGES} jobs"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "sqlite")
