"""All results of a job as one ZIP, streamed, and stored uncompressed: images are compressed."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import PurePath
from stat import S_IFREG

from stream_zip import (
    NO_COMPRESSION_32,
    NO_COMPRESSION_64,
    AsyncMemberFile,
    Method,
    async_stream_zip,
)

from gateway.bulk.job import Item, ItemStatus, Job
from gateway.bulk.storage import Storage, result_path
from gateway.errors import NoResult
from gateway.options import SUFFIXES

FILE_MODE = S_IFREG | 0o644
MAX_STEM_LENGTH = 100
MAX_ZIP32_BYTES = 2**32 - 2**20
"""Of all results together: 1 MiB below ZIP's limit, for the headers."""


def file_names(job: Job) -> dict[int, str]:
    """Return a unique file name for each result by the item's number.

    It is made from the custom ID, else from the image's name, and consists of letters, digits, `.`,
    `_` and `-`. Names also differ on file systems that ignore case.
    """
    names: dict[int, str] = {}
    taken: set[str] = set()
    for item in job.items:
        if item.status is ItemStatus.SUCCEEDED and item.result:
            custom_or_original = item.custom_id or PurePath(item.name).stem
            stem = _safe_stem(custom_or_original) or f"image-{item.number + 1}"
            suffix = SUFFIXES[item.result["media_type"]]
            name = f"{stem}.{suffix}"
            if name.lower() in taken:
                name = f"{stem}-{item.number + 1}.{suffix}"
            while name.lower() in taken:
                name = f"_{name}"
            taken.add(name.lower())
            names[item.number] = name
    return names


def first_result(job: Job) -> int:
    """Return the number of the first item that has a result.

    Raises:
        NoResult: no item has a result.
    """
    names = file_names(job)
    if not names:
        raise NoResult("No image of this job has a result.")
    return min(names)


async def stream_zip(job: Job, storage: Storage) -> AsyncIterator[bytes]:
    """Yield the ZIP of all results, in chunks."""
    names = file_names(job)
    total_bytes = sum(item.result["size_bytes"] for item in job.items if item.result)
    modified_at: datetime = job.finished_at or job.created_at

    async def members() -> AsyncIterator[AsyncMemberFile]:
        for item in job.items:
            if item.number in names:
                yield (
                    names[item.number],
                    modified_at,
                    FILE_MODE,
                    _method(item, total_bytes),
                    await storage.open(result_path(job.id, item.number)),
                )

    async for chunk in async_stream_zip(members()):
        yield chunk


def _method(item: Item, total_bytes: int) -> Method:
    """Use ZIP64 only where it is needed, since old programs cannot read it."""
    result = item.result or {}
    method = NO_COMPRESSION_64 if total_bytes > MAX_ZIP32_BYTES else NO_COMPRESSION_32
    return method(result["size_bytes"], result["crc32"])


def _safe_stem(text: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text)
    return kept.lstrip(".")[:MAX_STEM_LENGTH]
