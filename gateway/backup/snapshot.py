"""The database as it is at one moment, while others write to it: SQLite or PostgreSQL."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, text

from gateway.accounts import database

SQLITE_FILE, POSTGRESQL_FILE = "clearbg.db", "clearbg.pgdump"
QUEUE_SCHEMA = "dbos"
"""Left out: a restored database gets a new queue, which the jobs are added to."""


class BackupError(Exception):
    """The backup or the restore is not possible; the message says why."""


@dataclass(frozen=True)
class Snapshot:
    """The database at one moment."""

    connection: Connection
    """Reads the snapshot, whatever others write."""
    write: Callable[[], None]
    """Writes the snapshot into the folder of the backup, replacing an older one."""


@contextmanager
def taken(url: str, folder: Path) -> Iterator[Snapshot]:
    """Take a snapshot, which lasts until the block ends.

    Args:
        url: SQLAlchemy URL of the database.
        folder: of the backup.

    Raises:
        BackupError: `write` needs PostgreSQL's programs, and they are missing or fail.
    """
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    with (_of_sqlite if is_sqlite else _of_postgresql)(parsed, folder) as snapshot:
        yield snapshot


@contextmanager
def _of_sqlite(url: URL, folder: Path) -> Iterator[Snapshot]:
    part = folder / f"{SQLITE_FILE}.part"
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{url.database}?mode=ro", uri=True)) as source:
        with closing(sqlite3.connect(part)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without a write-ahead log
    engine = create_engine(f"sqlite:///{part}")
    try:
        with engine.connect() as connection:
            yield Snapshot(connection, lambda: os.replace(part, folder / SQLITE_FILE))
    finally:
        engine.dispose()
        part.unlink(missing_ok=True)


@contextmanager
def _of_postgresql(url: URL, folder: Path) -> Iterator[Snapshot]:
    engine = database.connect_as_is(url.render_as_string(hide_password=False))
    part = folder / f"{POSTGRESQL_FILE}.part"
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        exported = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()

        def write() -> None:
            what = (f"--snapshot={exported}", f"--exclude-schema={QUEUE_SCHEMA}")
            run_program("pg_dump", url, "--format=custom", *what, f"--file={part}")
            os.replace(part, folder / POSTGRESQL_FILE)

        yield Snapshot(connection, write)
    engine.dispose()


def run_program(name: str, url: URL, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on a database.

    Raises:
        BackupError: the program is missing, or fails.
    """
    if not (program := shutil.which(name)):
        raise BackupError(f"{name} is missing: install PostgreSQL's client programs.")
    # Not on the command line, where other users could read the password.
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    address = url.set(drivername="postgresql", password=None).render_as_string()
    ended = subprocess.run(
        [program, f"--dbname={address}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"{name} failed: {ended.stderr.strip()}")
