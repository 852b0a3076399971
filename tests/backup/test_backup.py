"""A backup has what each job of its database needs, although jobs end while it is made."""

import asyncio
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from obstore.store import LocalStore
from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore
from gateway.backup import backup, restore
from gateway.backup.snapshot import BackupError
from gateway.bulk import storage
from gateway.bulk.draft_store import DraftStore, JobRequest
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job import Job, JobStatus, new_job_id
from gateway.bulk.job_store import JobStore
from gateway.bulk.storage import Storage
from gateway.settings import Settings
from tests import databases

RESULT = b"a cut-out"


class Watched(Storage):
    """Calls a function before the first blob is read: what happens while a backup is made."""

    def __init__(self, root: Path) -> None:
        super().__init__(LocalStore(root, mkdir=True))
        self.before_read: Callable[[], Any] = lambda: None
        self._lock = Lock()

    async def get(self, path: str) -> bytes:
        await asyncio.to_thread(self._act_once)
        return await super().get(path)

    def _act_once(self) -> None:
        with self._lock:  # the other reads, which are concurrent, wait for it too
            action, self.before_read = self.before_read, lambda: None
            action()


@dataclass
class Site:
    """A database and a storage, without a service."""

    settings: Settings
    blobs: Watched
    engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = database.connect(self.settings.database)

    def add_job(self, images: int = 1) -> Job:
        """A job that is accepted, with a backdrop."""
        account = AccountStore(self.engine).find(DEFAULT)
        key = KeyStore(self.engine).create("bulk", account.id)[0]
        job_id, drafts = new_job_id(), DraftStore(self.engine)
        drafts.create(job_id, account_id=account.id, key_id=key.id, idempotency_key="")
        for name in (*range(images), "backdrop"):
            asyncio.run(self.blobs.put(f"{job_id}/in/{name}", b"an image"))
        request = JobRequest({}, {}, webhook_url=None, has_backdrop=True, fingerprint=None)
        return drafts.accept(job_id, request, [("a.png", "")] * images, timedelta(hours=1))

    def end(self, job: Job) -> None:
        """What a worker does."""
        size = {"media_type": "image/png", "width": 1, "height": 1}
        for item in job.items:
            asyncio.run(self.blobs.put(storage.result_path(job.id, item.number), RESULT))
            result = {**size, "size_bytes": len(RESULT), "crc32": 0}
            ItemStore(self.engine).mark_succeeded(job, item.number, result, pixels=1)
        JobStore(self.engine).finish(job.id)
        asyncio.run(self.blobs.delete(storage.inputs_folder(job.id)))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    folder = tmp_path / "site"
    folder.mkdir()
    databases.copy_to(folder)
    blobs = Watched(folder / "bulk")
    monkeypatch.setattr(storage, "connect", lambda url, data_dir: blobs)
    return Site(Settings(data_dir=folder), blobs)


def blobs_in(folder: Path) -> set[str]:
    root = folder / "bulk"
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_job_that_ends_during_a_backup_is_in_it_with_its_results(
    site: Site, tmp_path: Path
) -> None:
    job, waiting = site.add_job(), site.add_job()
    site.blobs.before_read = lambda: site.end(job)
    made = backup.make(site.settings, tmp_path / "backup")
    assert (made.results, made.missing) == (1, [])
    inputs = {f"{waiting.id}/in/{name}" for name in ("0", "backdrop")}
    assert blobs_in(tmp_path / "backup") == {f"{job.id}/out/0", *inputs}


def test_a_second_backup_in_the_same_folder_drops_what_has_expired(
    site: Site, tmp_path: Path
) -> None:
    ended, deleted = site.add_job(2), site.add_job()
    for job in (ended, deleted):
        site.end(job)
    folder = tmp_path / "backup"
    backup.make(site.settings, folder)
    assert blobs_in(folder) == {f"{ended.id}/out/{n}" for n in range(2)} | {f"{deleted.id}/out/0"}
    JobStore(site.engine).delete(deleted.id)
    backup.make(site.settings, folder)
    assert blobs_in(folder) == {f"{ended.id}/out/{n}" for n in range(2)}
    assert sorted(path.name for path in folder.iterdir()) == ["bulk", "clearbg.db"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_lost_result_is_reported_and_all_else_is_backed_up(site: Site, tmp_path: Path) -> None:
    job = site.add_job(2)
    site.end(job)
    (site.settings.data_dir / "bulk" / job.id / "out" / "1").unlink()
    made = backup.make(site.settings, tmp_path / "backup")
    assert [blob.path for blob in made.missing] == [f"{job.id}/out/1"]
    assert blobs_in(tmp_path / "backup") == {f"{job.id}/out/0"}


def test_a_restored_job_that_had_started_is_enqueued_anew(site: Site, tmp_path: Path) -> None:
    job = site.add_job()
    ItemStore(site.engine).start_attempt(job.id, 0)
    backup.make(site.settings, tmp_path / "backup")
    site.engine.dispose()
    for path in site.settings.data_dir.glob("*.db*"):
        path.unlink()
    restored = restore.restore(site.settings, tmp_path / "backup")
    assert (restored.unfinished, restored.missing) == (1, [])
    found = JobStore(database.connect(site.settings.database)).get(job.id)
    assert (found.status, found.started_at) == (JobStatus.PROCESSING, None)


def test_nothing_is_restored_over_a_database_or_without_a_backup(
    site: Site, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="no backup of this kind"):
        restore.restore(site.settings, tmp_path)
    backup.make(site.settings, tmp_path / "backup")
    with pytest.raises(BackupError, match="move .*clearbg.db away"):
        restore.restore(site.settings, tmp_path / "backup")
    Path(site.settings.data_dir / "clearbg.db").unlink()
    with pytest.raises(BackupError, match="move .*jobs.db away"):
        restore.restore(site.settings, tmp_path / "backup")
