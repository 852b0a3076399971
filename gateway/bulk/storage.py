"""Images of jobs: in a folder, or in an S3 bucket, by the same calls."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import LocalStore, ObjectStore, S3Store, from_url

CHUNK_BYTES = 2**18
LINK_VALID = timedelta(minutes=15)


class Storage:
    """Blobs under `JOB/in/NUMBER`, `JOB/in/backdrop` and `JOB/out/NUMBER`.

    Args:
        store: keeps them.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, path: str, data: bytes, media_type: str = "") -> None:
        """Keep a blob, whole or not at all; one that is there is replaced.

        It outlasts a power cut: a job is promised to be done once its images are kept.

        Args:
            path: of it.
            data: all of it.
            media_type: what S3 says of it to those who are sent there.
        """
        said = bool(media_type) and isinstance(self._store, S3Store)
        attributes = {"Content-Type": media_type} if said else None
        await obstore.put_async(self._store, path, data, attributes=attributes)
        if isinstance(self._store, LocalStore) and self._store.prefix:
            await asyncio.to_thread(_sync, Path(self._store.prefix), path)

    async def get(self, path: str) -> bytes:
        """A blob.

        Raises:
            FileNotFoundError: there is none.
        """
        return bytes(await (await obstore.get_async(self._store, path)).bytes_async())

    async def open(self, path: str) -> AsyncIterator[bytes]:
        """A blob, in pieces.

        Raises:
            FileNotFoundError: there is none.
        """
        blob = await obstore.get_async(self._store, path)

        async def pieces() -> AsyncIterator[bytes]:
            async for chunk in blob.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

        return pieces()

    async def link(self, path: str) -> str:
        """A presigned URL of a blob of an S3 bucket, which anyone may read while it is valid."""
        assert isinstance(self._store, S3Store), "see Settings.bulk_results"
        return str(await obstore.sign_async(self._store, "GET", path, LINK_VALID))

    async def delete(self, folder: str) -> None:
        """Remove all blobs below a folder."""
        with suppress(FileNotFoundError):  # another one deletes it too
            async for blobs in obstore.list(self._store, f"{folder}/"):
                await obstore.delete_async(self._store, [blob["path"] for blob in blobs])
        if isinstance(self._store, LocalStore) and self._store.prefix:
            # What a process that was killed had half written is not listed, or some are left.
            left = Path(self._store.prefix, folder)
            await asyncio.to_thread(_remove, left)


def _sync(root: Path, path: str) -> None:
    """Have the disk itself hold a file, and the names on the way to it."""
    file = root / path
    for place in (file, *file.parents[: path.count("/") + 1]):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def connect(url: str, data_dir: Path) -> Storage:
    """The storage at a URL such as `s3://bucket/folder`; none: a folder of the data folder.

    An S3 server's address and keys come from AWS_* variables, as everywhere.

    Raises:
        ValueError: the URL is of no kind that is known.
    """
    if not url:
        return Storage(LocalStore(data_dir / "bulk", mkdir=True, automatic_cleanup=True))
    return Storage(from_url(url))
