"""Bulk jobs of a running service, and all that is kept of them."""

from collections.abc import Callable
from datetime import datetime

import httpx
import obstore
from obstore.store import ObjectStore

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk.job import JobStatus
from gateway.bulk.job_store import JobStore
from gateway.paging import PageRequest
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import Service
from tests.end_to_end.test_bulk import client
from tests.waiting import wait_until

IMAGES = 24
PHOTOS = [("images", ("a.jpg", PHOTO.read_bytes()))] * IMAGES
WITHIN_S = 600


class Jobs:
    """All jobs of a service are these.

    Args:
        service: does them.
        database_url: where it keeps them.
        store: where it keeps their images.
    """

    def __init__(self, service: Service, database_url: str, store: ObjectStore) -> None:
        self._store = store
        self._engine = database.connect(database_url)
        self._keys, self._jobs = KeyStore(self._engine), JobStore(self._engine)
        self._account_id = AccountStore(self._engine).find(DEFAULT).id
        self._key, secret = self._keys.create("bulk", self._account_id)
        self.interactive = client(service)
        self.bulk = client(service)
        self.bulk.headers["X-API-Key"] = secret

    def close(self) -> None:
        """Ask no more."""
        self.interactive.close()
        self.bulk.close()
        self._engine.dispose()

    def send(self) -> httpx.Response:
        """Send a job."""
        return self.bulk.post("/v1/bulk", files=PHOTOS)

    def remove(self) -> httpx.Response:
        """Have one image done at once, with another key."""
        return self.interactive.post("/v1/removebg", files={"image": PHOTO.read_bytes()})

    def look(self, job_id: str) -> httpx.Response:
        """Ask for a job."""
        return self.bulk.get(f"/v1/bulk/{job_id}")

    def begin(self) -> str:
        """Send a job, and wait until some of its images are done and others are not."""
        while True:  # a process that stalls here finds that most of them are done
            job_id: str = self.send().raise_for_status().json()["job_id"]
            until(lambda job_id=job_id: self._jobs.get(job_id).counts["succeeded"] > 0)  # type: ignore[misc]
            if self._jobs.get(job_id).counts["pending"] > IMAGES // 2:
                return job_id

    def end(self, job_id: str) -> datetime:
        """Wait until a job has ended, and hold against it all that was promised.

        Returns:
            When it ended.
        """
        until(lambda: self._jobs.get(job_id).finished_at is not None)
        job = self._jobs.get(job_id)
        assert (job.status, job.counts["succeeded"]) == (JobStatus.COMPLETED, IMAGES)
        known = self._jobs.list_jobs(self._account_id, PageRequest(limit=100)).entries
        assert {job.status for job in known} == {JobStatus.COMPLETED}, (
            "none was kept that was refused"
        )
        until(lambda: self._stored() == {f"{j.id}/out/{n}" for j in known for n in range(IMAGES)})
        assert self._charged() == len(known) * IMAGES
        assert job.finished_at
        return job.finished_at

    def results(self, job_id: str) -> set[bytes]:
        """What there is of a job, each once."""
        urls = [item["result_url"] for item in self.look(job_id).json()["items"]]
        return {self.bulk.get(url).raise_for_status().content for url in urls}

    def _stored(self) -> set[str]:
        return {str(blob["path"]) for blobs in obstore.list(self._store) for blob in blobs}

    def _charged(self) -> int:
        return next(key.images for key in self._keys.list() if key.id == self._key.id)


def until(condition: Callable[[], bool]) -> None:
    """Wait for what a job does."""
    wait_until(condition, timeout_s=WITHIN_S, every_s=0.1)


def problem_type(answer: httpx.Response) -> str:
    """What a clear 503 says is not available."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    return str(answer.json()["type"])
