"""A backup of a running service, the loss of everything, and a new service on what was restored."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from obstore.store import LocalStore, from_url

from tests.end_to_end.jobs import IMAGES, Jobs
from tests.end_to_end.service import CLEARBG, environment, running
from tests.end_to_end.test_bulk import wait
from tests.servers import postgres, seaweed

TIMEOUT_S = 600


@dataclass
class Site:
    """Where a service keeps everything, and how it finds that."""

    folder: Path
    settings: dict[str, object] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        return str(self.settings.get("database_url") or f"sqlite:///{self.folder / 'clearbg.db'}")

    def store(self) -> Any:
        url = self.settings.get("bulk_storage_url")
        return from_url(str(url)) if url else LocalStore(self.folder / "bulk")

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run `clearbg`, with PostgreSQL's programs on the PATH."""
        env = environment(self.folder, **self.settings) | self.variables
        env["PATH"] = f"{postgres.BINARIES}:{env['PATH']}"
        command = [str(CLEARBG), *map(str, arguments)]
        return subprocess.run(
            command, env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )


@contextmanager
def on_one_machine(folder: Path) -> Iterator[Site]:
    folder.mkdir()
    yield Site(folder)
    shutil.rmtree(folder)


@contextmanager
def distributed(folder: Path) -> Iterator[Site]:
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        folder.mkdir()
        stack.callback(shutil.rmtree, folder)
        url = stack.enter_context(postgres.running()).url
        s3 = stack.enter_context(seaweed.running())
        for name, value in s3.environment.items():
            patch.setitem(os.environ, name, value)
        yield Site(folder, {"database_url": url, "bulk_storage_url": s3.url}, s3.environment)


@dataclass
class Before:
    """What callers had before the loss."""

    headers: dict[str, str]
    ended: str
    """A job that had ended at the time of the backup."""
    unfinished: str
    """One that had not."""
    results: list[bytes]


def all_results(api: httpx.Client, job_id: str) -> list[bytes]:
    urls = [item["result_url"] for item in api.get(f"/v1/bulk/{job_id}").json()["items"]]
    return [api.get(url).raise_for_status().content for url in urls]


def use_and_back_up(site: Site, backup: Path) -> Before:
    """Back up while a job runs that is not backed up as finished; everything is lost afterwards."""
    with running(site.folder, **site.settings) as service:
        jobs = Jobs(service, site.database_url, site.store())
        ended = jobs.send().raise_for_status().json()["job_id"]
        jobs.end(ended)
        unfinished = jobs.begin()
        made = site.run("backup", backup)
        assert made.returncode == 0, made.stderr
        headers = {"X-API-Key": jobs.bulk.headers["X-API-Key"]}
        before = Before(headers, ended, unfinished, all_results(jobs.bulk, ended))
        service.process.kill()
        jobs.close()
    return before


@pytest.mark.parametrize("kind", [on_one_machine, distributed])
def test_after_a_restore_each_result_and_key_is_there_and_the_unfinished_job_continues(
    kind: Any, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    with kind(tmp_path / "lost") as lost:
        before = use_and_back_up(lost, backup)
    with kind(tmp_path / "new") as new:
        restored = new.run("restore", backup)
        assert restored.returncode == 0, restored.stderr
        again = new.run("restore", backup)
        assert again.returncode == 1
        assert "needs an empty database" in again.stderr
        with (
            running(new.folder, **new.settings) as service,
            httpx.Client(base_url=service.url, headers=before.headers, timeout=300) as api,
        ):
            assert all_results(api, before.ended) == before.results
            job = wait(api, before.unfinished)
            assert (job["status"], job["counts"]["succeeded"]) == ("completed", IMAGES)
            assert all_results(api, before.unfinished) == before.results
            charged = new.run("keys", "list", "--json").stdout
            assert f'"images": {2 * IMAGES}' in charged, charged
