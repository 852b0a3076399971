"""`clearbg backup` and `clearbg restore`: save and restore the database and bulk jobs' images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from obstore.exceptions import BaseError
from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.database import DatabaseUnreachable
from gateway.backup.backup import make
from gateway.backup.blobs import Blob
from gateway.backup.restore import restore as restore_backup
from gateway.backup.snapshot import BackupError
from gateway.cli.console import fail, load_settings, out

FAILURES = (BackupError, DatabaseUnreachable, SQLAlchemyError, BaseError, OSError, ValueError)
INCOMPLETE = 3
"""Exit status: blobs are missing, and all else is done."""

Folder = Annotated[Path, typer.Argument(help="Folder of the backup; it contains secrets.")]


def backup(folder: Folder) -> None:
    """Back up the database and the images of bulk jobs into a folder, while the service runs.

    A folder that has a backup already is brought up to date. Exit status 3: the storage lacks
    images that the database names.
    """
    try:
        made = make(load_settings(), folder)
    except FAILURES as error:
        fail(error)
    counts = f"{made.results} results, {made.inputs} images of unfinished jobs"
    out.print(f"Saved in {folder}: the database, {counts}.", markup=False)
    _report_missing(made.missing)


def restore(folder: Folder) -> None:
    """Restore a backup into an empty database and the storage of the settings.

    Stop the service before, and start it afterwards: it continues unfinished jobs. Exit status 3:
    the backup lacks images that the database names.
    """
    try:
        done = restore_backup(load_settings(), folder)
    except FAILURES as error:
        fail(error)
    counts = f"{done.results} results, {done.unfinished} unfinished jobs"
    out.print(f"Restored from {folder}: the database, {counts}.", markup=False)
    _report_missing(done.missing)


def _report_missing(missing: Sequence[Blob]) -> None:
    if missing:
        fail(f"{len(missing)} images are missing, the first one is {missing[0].path}", INCOMPLETE)
