"""Bulk jobs of two replicas on one PostgreSQL and one S3 server."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import obstore
import psycopg
import pytest
from obstore.store import from_url

from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import Service, running
from tests.end_to_end.test_bulk import client, wait
from tests.servers import postgres, seaweed
from tests.servers.seaweed import S3

IMAGES = 12
TAKEN_OVER_WITHIN_S = 300


@dataclass
class Replicas:
    """Two services, and their stores."""

    services: list[Service]
    s3: S3
    database_url: str

    def blobs(self) -> list[str]:
        """All that is stored."""
        store = from_url(self.s3.url)
        return [str(blob["path"]) for blobs in obstore.list(store) for blob in blobs]


@pytest.fixture
def replicas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Replicas]:
    with ExitStack() as stack:
        url = stack.enter_context(postgres.running()).url
        s3 = stack.enter_context(seaweed.running())
        for name, value in s3.environment.items():
            monkeypatch.setitem(os.environ, name, value)
        services = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            service = running(tmp_path / name, database_url=url, bulk_storage_url=s3.url)
            services.append(stack.enter_context(service))
        services[1].api_key = services[0].api_key
        yield Replicas(services, s3, url)


def doing(job_id: str, url: str) -> str:
    """The worker that has a job."""
    query = "SELECT executor_id FROM dbos.workflow_status WHERE workflow_uuid = %s"
    with psycopg.connect(url) as connection:
        row = connection.execute(query, [job_id]).fetchone()
    return str(row[0]) if row else "None"


def test_another_replica_resumes_the_jobs_of_a_dead_one(replicas: Replicas) -> None:
    files = [("images", ("a.jpg", PHOTO.read_bytes()))] * IMAGES
    with client(replicas.services[0]) as one, client(replicas.services[1]) as two:
        job_id = one.post("/v1/bulk", files=files).raise_for_status().json()["job_id"]
        while two.get(f"/v1/bulk/{job_id}").json()["counts"]["succeeded"] < 2:
            time.sleep(0.05)
        worker = doing(job_id, replicas.database_url)
        ports = [service.operations_url.rpartition(":")[2] for service in replicas.services]
        dead = ports.index(worker.rpartition(":")[2])
        replicas.services[dead].process.kill()
        killed_at = time.monotonic()
        api = (two, one)[dead]
        while doing(job_id, replicas.database_url) in (worker, "None"):
            assert time.monotonic() - killed_at < TAKEN_OVER_WITHIN_S
            time.sleep(0.1)
        job = wait(api, job_id)
        assert job["status"] == "completed"
        results = {api.get(item["result_url"]).content for item in job["items"]}
        assert len(results) == 1
    assert sorted(replicas.blobs()) == sorted(f"{job_id}/out/{n}" for n in range(IMAGES))
    with psycopg.connect(replicas.database_url) as connection:
        charged = connection.execute("SELECT sum(images) FROM api_keys").fetchone()
    assert charged == (IMAGES,)
