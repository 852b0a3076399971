"""The blobs that the jobs of a database need, and copying them from one storage to another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, select

from gateway.bulk import storage
from gateway.bulk.job import ItemStatus, JobStatus
from gateway.bulk.storage import Storage
from gateway.bulk.tables import ItemRow, JobRow
from gateway.concurrency import concurrently

COPIES_AT_ONCE = 8
"""Each holds one blob in memory."""


@dataclass(frozen=True)
class Blob:
    """One file of a job."""

    path: str
    media_type: str = ""
    """Of a result."""
    size_bytes: int | None = None
    """Likewise."""


def inputs(connection: Connection) -> list[Blob]:
    """Return what the pending items of all jobs need to be processed."""
    flags = {"backdrop": JobRow.has_backdrop, "mask": JobRow.has_mask, "trimap": JobRow.has_trimap}
    shared = {
        storage.shared_path(row.id, kind): None
        for row in connection.execute(select(JobRow.id, *flags.values()).where(_is_kept()))
        for kind, has_file in zip(flags, row[1:], strict=True)
        if has_file
    }
    pending = select(ItemRow.job_id, ItemRow.number).join(JobRow, JobRow.id == ItemRow.job_id)
    query = pending.where(_is_kept(), ItemRow.status == ItemStatus.PENDING)
    numbers = [(row.job_id, row.number) for row in connection.execute(query)]
    unfinished = {storage.inputs_folder(job_id) for job_id, _ in numbers}
    return [Blob(path) for path in shared if path.rpartition("/")[0] in unfinished] + [
        Blob(storage.image_path(job_id, number)) for job_id, number in numbers
    ]


def results(connection: Connection) -> Iterator[Blob]:
    """Return the results of all jobs; those of expired and deleted jobs are left out."""
    query = (
        select(ItemRow.job_id, ItemRow.number, ItemRow.result)
        .join(JobRow, JobRow.id == ItemRow.job_id)
        .where(_is_kept(), ItemRow.status == ItemStatus.SUCCEEDED)
    )
    for row in connection.execute(query):
        path = storage.result_path(row.job_id, row.number)
        yield Blob(path, row.result["media_type"], row.result["size_bytes"])


async def copy(blobs: list[Blob], source: Storage, target: Storage) -> list[Blob]:
    """Copy the blobs that the target does not have.

    Returns:
        Those that the source does not have either.
    """

    async def copy_one(blob: Blob) -> bool:
        size_bytes = await target.size_bytes(blob.path)
        if size_bytes is not None and blob.size_bytes in (None, size_bytes):
            return True
        try:
            await target.put(blob.path, await source.get(blob.path), blob.media_type)
        except FileNotFoundError:
            return False
        return True

    copies = concurrently(blobs, copy_one, at_once=COPIES_AT_ONCE)
    return [blob async for blob, is_there in copies if not is_there]


def _is_kept() -> ColumnElement[bool]:
    swept = (JobStatus.RECEIVING, JobStatus.EXPIRED)
    is_alive = JobRow.deleted_at.is_(None) & (JobRow.expires_at > datetime.now(UTC))
    return JobRow.status.not_in(swept) & is_alive
