"""What bulk jobs need goes away while they are done: they pause and go on, and nothing is lost."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from obstore.store import LocalStore, from_url

from tests.end_to_end.jobs import Jobs, problem_type
from tests.end_to_end.service import running
from tests.servers import disk, postgres, seaweed, valkey
from tests.servers.disk import Disk
from tests.servers.postgres import Postgres
from tests.servers.seaweed import S3
from tests.servers.valkey import Valkey

DISK_BYTES = 2**29
"""A third of it is for the compiled model."""
OUTAGE_S, S3_OUTAGE_S = 5.0, 10.0
"""obstore itself asks S3 again for some seconds."""
OFTEN = 100_000
"""No limit that is reached here, but one that is counted."""


@dataclass
class Alone:
    """A service with all it has on a small disk, which lets all pass that nobody can count."""

    jobs: Jobs
    disk: Disk
    valkey: Valkey


@dataclass
class Shared:
    """A service on servers, which lets nobody pass then."""

    jobs: Jobs
    postgres: Postgres
    s3: S3
    valkey: Valkey


def every_second(for_s: float) -> Iterator[None]:
    """Again and again, but no more often."""
    end = time.monotonic() + for_s
    while time.monotonic() < end:
        yield
        time.sleep(1)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    with ExitStack() as stack:
        small = stack.enter_context(disk.mounted(tmp_path_factory.mktemp("disk"), DISK_BYTES))
        counted = stack.enter_context(valkey.running())
        service = stack.enter_context(
            running(
                small.folder,
                rate_limit_url=counted.url,
                rate_limit_requests_per_minute=OFTEN,
                rate_limit_fail="open",
            )
        )
        url = f"sqlite:///{small.folder / 'clearbg.db'}"
        jobs = Jobs(service, url, LocalStore(small.folder / "bulk"))
        stack.callback(jobs.close)
        yield Alone(jobs, small, counted)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        database = stack.enter_context(postgres.running(postgres.DURABLE))
        s3 = stack.enter_context(seaweed.running())
        counted = stack.enter_context(valkey.running())
        for name, value in s3.environment.items():
            patch.setitem(os.environ, name, value)
        service = stack.enter_context(
            running(
                tmp_path_factory.mktemp("shared"),
                database_url=database.url,
                bulk_storage_url=s3.url,
                rate_limit_url=counted.url,
                rate_limit_requests_per_minute=OFTEN,
                rate_limit_fail="closed",
                key_outage_s=600,  # the key was seen before the outage
            )
        )
        jobs = Jobs(service, database.url, from_url(s3.url))
        stack.callback(jobs.close)
        yield Shared(jobs, database, s3, counted)


def test_jobs_wait_while_the_disk_is_full(alone: Alone) -> None:
    jobs = alone.jobs
    job_id = jobs.begin()
    alone.disk.fill()
    for _ in every_second(OUTAGE_S):
        assert problem_type(jobs.send()) == "/problems/jobs-unavailable"
        assert jobs.look(job_id).status_code == 200
        assert jobs.remove().status_code == 200
    relieved_at = datetime.now(UTC)
    alone.disk.relieve()
    assert jobs.end(job_id) > relieved_at
    assert len(jobs.results(job_id)) == 1


def test_without_the_rate_limit_store_jobs_pass_if_it_fails_open(alone: Alone) -> None:
    jobs = alone.jobs
    job_id = jobs.begin()
    alone.valkey.stop()
    stopped_at = datetime.now(UTC)
    assert jobs.look(job_id).status_code == 200
    assert jobs.remove().status_code == 200
    another = jobs.send().raise_for_status().json()["job_id"]
    assert jobs.end(another) > stopped_at
    assert jobs.end(job_id) > stopped_at
    alone.valkey.restart()


@pytest.mark.parametrize("how", ["stop", "crash"])
def test_jobs_survive_a_restart_of_postgresql(shared: Shared, how: str) -> None:
    jobs = shared.jobs
    job_id = jobs.begin()
    assert jobs.remove().status_code == 200  # its key is known now
    getattr(shared.postgres, how)()
    for _ in every_second(OUTAGE_S):
        assert problem_type(jobs.send()) == "/problems/jobs-unavailable"
        assert problem_type(jobs.look(job_id)) == "/problems/jobs-unavailable"
        assert jobs.remove().status_code == 200
    restarted_at = datetime.now(UTC)
    shared.postgres.restart()
    assert jobs.end(job_id) > restarted_at
    assert len(jobs.results(job_id)) == 1


def test_jobs_wait_while_s3_is_down(shared: Shared) -> None:
    jobs = shared.jobs
    job_id = jobs.begin()
    shared.s3.stop()
    for _ in every_second(S3_OUTAGE_S):
        assert problem_type(jobs.send()) == "/problems/jobs-unavailable"
        assert jobs.look(job_id).status_code == 200
        assert jobs.remove().status_code == 200
    restarted_at = datetime.now(UTC)
    shared.s3.restart()
    assert jobs.end(job_id) > restarted_at
    assert len(jobs.results(job_id)) == 1


def test_without_the_rate_limit_store_jobs_are_rejected_if_it_fails_closed(shared: Shared) -> None:
    jobs = shared.jobs
    job_id = jobs.begin()
    shared.valkey.stop()
    stopped_at = datetime.now(UTC)
    for answer in (jobs.send(), jobs.look(job_id), jobs.remove()):
        assert problem_type(answer) == "/problems/limits-unavailable"
    assert jobs.end(job_id) > stopped_at
    shared.valkey.restart()
