"""Part of `make soak`: the service is killed at random moments, and every bulk job ends well.

ROUNDS [sqlite|distributed]: `distributed` is PostgreSQL and an S3 server, with a second replica.
"""

import contextlib
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import obstore
import psycopg
from obstore.store import LocalStore, from_url
from rich.console import Console

from serving.photos import PHOTOS
from tests.end_to_end.service import Service, running
from tests.servers import postgres, seaweed

JOBS, IMAGES = 2, 6
LONGEST_S = 8.0
"""From a round's start to the blow: jobs are being received, done, or have ended."""
END_WITHIN_S = 180.0


@dataclass
class Fleet:
    """Services on the same stores, of which one is killed in each round."""

    folders: list[Path]
    settings: dict[str, object]
    key: str = ""
    services: list[Service] = field(default_factory=list)
    stacks: list[ExitStack] = field(default_factory=list)

    def start(self, number: int) -> None:
        """Start one, or start it again."""
        stack = ExitStack()
        ports = {"operations_port": 18_081 + number}  # by which it is known again
        service = stack.enter_context(running(self.folders[number], **ports, **self.settings))
        self.key = self.key or service.api_key
        self.services[number : number + 1] = [service]
        self.stacks[number : number + 1] = [stack]

    def kill(self, number: int) -> None:
        """At once, with all that it was doing."""
        self.services[number].process.kill()
        self.stacks[number].close()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Ask the last one: of two, the one that is not killed."""
        url = f"{self.services[-1].url}{path}"
        return httpx.request(method, url, headers={"X-API-Key": self.key}, timeout=60, **request)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs that there are."""
        found: list[dict[str, Any]] = self.ask("GET", "/v1/bulk?limit=100").json()["jobs"]
        return found

    def rows(self, query: str) -> list[Any]:
        """What the database says."""
        if url := self.settings.get("database_url"):
            with psycopg.connect(str(url)) as connection:
                return connection.execute(query.encode()).fetchall()
        with contextlib.closing(sqlite3.connect(self.folders[0] / "clearbg.db")) as connection:
            return connection.execute(query).fetchall()

    def blobs(self) -> list[str]:
        """The paths of all blobs."""
        url = self.settings.get("bulk_storage_url")
        store = from_url(str(url)) if url else LocalStore(self.folders[0] / "bulk", mkdir=True)
        return [str(blob["path"]) for blobs in obstore.list(store) for blob in blobs]


@contextmanager
def fleet(kind: str) -> Iterator[Fleet]:
    """Start what is to be killed."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings: dict[str, object] = {}
        folders = [folder / "one"]
        if kind == "distributed":
            s3 = stack.enter_context(seaweed.running())
            os.environ.update(s3.environment)
            settings = {
                "database_url": stack.enter_context(postgres.running()).url,
                "bulk_storage_url": s3.url,
            }
            folders.append(folder / "two")
        made = Fleet(folders, settings)
        for number, path in enumerate(folders):
            path.mkdir()
            made.start(number)
        try:
            yield made
        finally:
            for running_ in made.stacks:
                running_.close()


def one_round(made: Fleet, rng: random.Random) -> float:
    """Send jobs while the first service is killed, start it again, and wait until all have ended.

    Returns:
        Seconds from the blow to the end of the last job.
    """
    image = ("photo.jpg", PHOTOS[rng.randrange(len(PHOTOS))].read())
    blow = threading.Timer(rng.uniform(0, LONGEST_S), made.kill, [0])
    blow.start()
    for _ in range(JOBS):
        with contextlib.suppress(httpx.TransportError):
            made.ask("POST", "/v1/bulk", files=[("images", image)] * IMAGES)
    blow.join()
    killed_at = time.monotonic()
    made.start(0)
    while any(job["finished_at"] is None for job in made.jobs()):
        assert time.monotonic() - killed_at < END_WITHIN_S, made.jobs()
        time.sleep(0.3)
    return time.monotonic() - killed_at


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
            console.print(
                f"{kind} round {number + 1}: all jobs ended {took_s:.1f} s after the blow; "
                f"{images} images so far, each charged once"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "sqlite")
