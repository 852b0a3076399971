"""Restores a backup into an empty database and a storage, for a service that is not running."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url, text

from gateway.accounts import database
from gateway.backup import blobs, snapshot
from gateway.backup.backup import blobs_of
from gateway.backup.blobs import Blob
from gateway.backup.snapshot import POSTGRESQL_FILE, SQLITE_FILE, BackupError
from gateway.bulk import storage
from gateway.bulk.recovery_store import RecoveryStore
from gateway.settings import Settings

PROBE = "restore-probe"


@dataclass(frozen=True)
class Restored:
    """What a restore has done."""

    results: int
    unfinished: int
    """Jobs that the next start of the service continues."""
    missing: list[Blob]
    """Blobs that the database names, but the backup does not have."""


def restore(settings: Settings, folder: Path) -> Restored:
    """Restore a backup, and migrate its database to the current schema.

    Raises:
        BackupError: the folder has no backup for this kind of database, the database is not empty,
            or PostgreSQL's programs are missing or fail.
    """
    target = storage.connect(settings.bulk_storage_url, settings.data_dir)
    asyncio.run(_check_writable(target))  # before the database is filled
    _restore_database(settings, folder)
    engine = database.connect(settings.database)
    restored = _restore_jobs(engine, blobs_of(folder), target)
    engine.dispose()
    return restored


def _restore_jobs(engine: Engine, source: storage.Storage, target: storage.Storage) -> Restored:
    unfinished = RecoveryStore(engine).requeue_all()
    with engine.connect() as connection:
        inputs, results = blobs.inputs(connection), list(blobs.results(connection))
    missing = asyncio.run(blobs.copy([*inputs, *results], source, target))
    return Restored(len(results), unfinished, missing)


async def _check_writable(target: storage.Storage) -> None:
    await target.put(f"{PROBE}/0", b"probe")
    await target.delete(PROBE)


def _restore_database(settings: Settings, folder: Path) -> None:
    url = make_url(settings.database)
    is_sqlite = url.get_backend_name() == "sqlite"
    dump = folder / (SQLITE_FILE if is_sqlite else POSTGRESQL_FILE)
    if not dump.exists():
        raise BackupError(f"{folder} has no {dump.name}: no backup of this kind of database.")
    if is_sqlite:
        files = [Path(str(make_url(name).database)) for name in _sqlite_urls(settings)]
        if existing := [str(file) for file in files if file.exists()]:
            raise BackupError(f"A restore needs an empty database: move {existing[0]} away.")
        files[0].parent.mkdir(parents=True, exist_ok=True)
        part = files[0].with_name(f"{files[0].name}.part")
        shutil.copyfile(dump, part)
        part.replace(files[0])
        return
    _check_empty(settings.database)
    how = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    snapshot.run_program("pg_restore", url, *how, str(dump))


def _sqlite_urls(settings: Settings) -> tuple[str, str]:
    """The database, and that of the queue: with old records of the jobs it would not run them."""
    return settings.database, settings.jobs_database


def _check_empty(url: str) -> None:
    engine = database.connect_as_is(url)
    query = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', :other)"
    with engine.connect() as connection:
        tables = connection.execute(text(query), {"other": "information_schema"}).scalar_one()
    engine.dispose()
    if tables:
        raise BackupError(f"A restore needs an empty database: this one has {tables} tables.")
