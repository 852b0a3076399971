"""Makes a backup while the service runs, from which every job of its database can be restored.

The database changes while the blobs are copied, and a job's images are deleted when it ends. So
the order is: a snapshot of the database, the images of its unfinished jobs, then the results of its
other items, which stay until the job expires. A job that ended between the first two steps lacks
its images; the next snapshot has its results instead.
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from obstore.store import LocalStore

from gateway.backup import blobs, snapshot
from gateway.backup.blobs import Blob
from gateway.backup.snapshot import Snapshot
from gateway.bulk import storage
from gateway.bulk.storage import Storage
from gateway.settings import Settings

BLOBS = "bulk"
"""Subfolder of a backup; it has the layout of the service's own folder."""
MAX_SNAPSHOTS = 10
"""Each copies only what is new since the one before, so that few are needed."""


@dataclass(frozen=True)
class Backup:
    """What a backup contains."""

    inputs: int
    """Images of unfinished jobs."""
    results: int
    missing: list[Blob]
    """Blobs that the database names, but the storage does not have."""


def blobs_of(folder: Path) -> Storage:
    """Return the storage that has the blobs of a backup."""
    return Storage(LocalStore(folder / BLOBS, mkdir=True, automatic_cleanup=True))


def make(settings: Settings, folder: Path) -> Backup:
    """Make a backup, or bring an earlier one in the same folder up to date.

    An interrupted call leaves the earlier backup complete.

    Raises:
        BackupError: see `snapshot.taken`.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it contains webhook secrets
    source = storage.connect(settings.bulk_storage_url, settings.data_dir)
    for attempt in range(1, MAX_SNAPSHOTS + 1):
        with snapshot.taken(settings.database, folder) as taken:
            made = _copy(taken, source, folder, is_last=attempt == MAX_SNAPSHOTS)
        if made:
            return made
    raise AssertionError("the last attempt returns")


def _copy(taken: Snapshot, source: Storage, folder: Path, *, is_last: bool) -> Backup | None:
    """Copy what a snapshot needs; None if another snapshot would need less that is missing."""
    target = blobs_of(folder)
    inputs = blobs.inputs(taken.connection)
    missing = asyncio.run(blobs.copy(inputs, source, target))
    if missing and not is_last:
        return None
    results = list(blobs.results(taken.connection))
    missing += asyncio.run(blobs.copy(results, source, target))
    taken.write()
    _delete_others(folder / BLOBS, {blob.path for blob in (*inputs, *results)})
    return Backup(len(inputs), len(results), missing)


def _delete_others(root: Path, needed: set[str]) -> None:
    """Delete the blobs of jobs that have expired, or ended, since the last backup."""
    for folder, _, files in os.walk(root, topdown=False):
        for file in files:
            path = Path(folder, file)
            if str(path.relative_to(root)) not in needed:
                path.unlink()
        if Path(folder) != root and not os.listdir(folder):
            Path(folder).rmdir()
