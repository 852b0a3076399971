"""All results of a job as one ZIP, streamed and not deflated: images are compressed already."""

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
from gateway.bulk.storage import Storage
from gateway.errors import NoResult
from gateway.options import SUFFIXES

FILE = S_IFREG | 0o644
MAX_STEM_LENGTH = 100
MAX_PLAIN_BYTES = 2**32 - 2**20


def names(job: Job) -> dict[int, str]:
    """A file name for each result by its number: from its custom id, else from the image's name.

    Names are made of letters, digits, `.`, `_` and `-`, and differ also where case is ignored.
    """
    found: dict[int, str] = {}
    taken: set[str] = set()
    for item in job.items:
        if item.status is ItemStatus.SUCCEEDED and item.result:
            stem = _safe(item.custom_id or PurePath(item.name).stem) or f"image-{item.number + 1}"
            suffix = SUFFIXES[item.result["media_type"]]
            name = f"{stem}.{suffix}"
            if name.lower() in taken:
                name = f"{stem}-{item.number + 1}.{suffix}"
            while name.lower() in taken:
                name = f"_{name}"
            taken.add(name.lower())
            found[item.number] = name
    return found


def first(job: Job) -> int:
    """The number of the first result.

    Raises:
        NoResult: there is none.
    """
    named = names(job)
    if not named:
        raise NoResult("No image of this job has a result.")
    return min(named)


async def stream(job: Job, storage: Storage) -> AsyncIterator[bytes]:
    """The ZIP, in pieces."""
    named = names(job)
    size_bytes = sum(item.result["size_bytes"] for item in job.items if item.result)
    finished: datetime = job.finished_at or job.created_at

    async def members() -> AsyncIterator[AsyncMemberFile]:
        for item in job.items:
            if item.number in named:
                yield (
                    named[item.number],
                    finished,
                    FILE,
                    _method(item, size_bytes),
                    await storage.open(f"{job.id}/out/{item.number}"),
                )

    async for chunk in async_stream_zip(members()):
        yield chunk


def _method(item: Item, size_bytes: int) -> Method:
    """Old programs read the plain form only, which ends at 4 GiB."""
    result = item.result or {}
    plain = NO_COMPRESSION_64 if size_bytes > MAX_PLAIN_BYTES else NO_COMPRESSION_32
    return plain(result["size_bytes"], result["crc32"])


def _safe(text: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in text)
    return kept.lstrip(".")[:MAX_STEM_LENGTH]
