"""Blob storage for the images of jobs: a local folder or an S3 bucket, behind the same calls."""

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
URL_LIFETIME = timedelta(minutes=15)


def inputs_folder(job_id: str) -> str:
    """Return the folder of a job's images, and of what all of them share."""
    return f"{job_id}/in"


def image_path(job_id: str, number: int) -> str:
    """Return the path of an image as it was uploaded; numbers start at 0."""
    return f"{inputs_folder(job_id)}/{number}"


def shared_path(job_id: str, kind: str) -> str:
    """Return the path of a file that all images of a job share: `backdrop`, `mask`, `trimap`."""
    return f"{inputs_folder(job_id)}/{kind}"


def result_path(job_id: str, number: int) -> str:
    """Return the path of an image's cut-out."""
    return f"{job_id}/out/{number}"


def thumbnails_folder(job_id: str) -> str:
    """Return the folder of the small pictures of a job's results."""
    return f"{job_id}/thumbnails"


def thumbnail_path(job_id: str, number: int) -> str:
    """Return the path of a result's small picture."""
    return f"{thumbnails_folder(job_id)}/{number}"


class Storage:
    """Reads and writes blobs by path; all blobs of a job are in the folder with the job's ID.

    Args:
        store: the folder or the bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, path: str, data: bytes, media_type: str = "") -> None:
        """Write a blob atomically, replacing an existing one.

        The blob survives a power failure: a job is accepted only after its images are on disk.

        Args:
            path: where to write it.
            data: the whole blob.
            media_type: the Content-Type that S3 sends with the blob; empty: S3's default.
        """
        has_media_type = bool(media_type) and isinstance(self._store, S3Store)
        attributes = {"Content-Type": media_type} if has_media_type else None
        await obstore.put_async(self._store, path, data, attributes=attributes)
        if isinstance(self._store, LocalStore) and self._store.prefix:
            await asyncio.to_thread(_sync_to_disk, Path(self._store.prefix), path)

    async def get(self, path: str) -> bytes:
        """Return a blob.

        Raises:
            FileNotFoundError: the blob does not exist.
        """
        return bytes(await (await obstore.get_async(self._store, path)).bytes_async())

    async def size_bytes(self, path: str) -> int | None:
        """Return the size of a blob; None if it does not exist."""
        try:
            return int((await obstore.head_async(self._store, path))["size"])
        except FileNotFoundError:
            return None

    async def open(self, path: str) -> AsyncIterator[bytes]:
        """Open a blob, and return its content in chunks of at least `CHUNK_BYTES`.

        Raises:
            FileNotFoundError: the blob does not exist.
        """
        blob = await obstore.get_async(self._store, path)

        async def chunks() -> AsyncIterator[bytes]:
            async for chunk in blob.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

        return chunks()

    async def presigned_url(self, path: str) -> str:
        """Return a URL that lets anyone read a blob of an S3 bucket for `URL_LIFETIME`."""
        assert isinstance(self._store, S3Store), "see Settings.bulk_results"
        return str(await obstore.sign_async(self._store, "GET", path, URL_LIFETIME))

    async def delete(self, folder: str) -> None:
        """Delete all blobs in a folder; does nothing if the folder does not exist."""
        with suppress(FileNotFoundError):  # another process deletes the same folder
            async for blobs in obstore.list(self._store, f"{folder}/"):
                await obstore.delete_async(self._store, [blob["path"] for blob in blobs])
        if isinstance(self._store, LocalStore) and self._store.prefix:
            # The listing omits partial files that a killed process has left behind.
            await asyncio.to_thread(_remove_folder, Path(self._store.prefix, folder))


def _sync_to_disk(root: Path, path: str) -> None:
    """Flush a file and the directories above it, up to and including `root`."""
    file = root / path
    for entry in (file, *file.parents[: path.count("/") + 1]):
        handle = os.open(entry, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_folder(folder: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)


def connect(url: str, data_dir: Path) -> Storage:
    """Open the storage at a URL such as `s3://bucket/folder`; if empty, `bulk/` in `data_dir`.

    The address and the keys of an S3 server come from the usual AWS_* variables.

    Raises:
        ValueError: the URL's scheme is not supported.
    """
    if not url:
        return Storage(LocalStore(data_dir / "bulk", mkdir=True, automatic_cleanup=True))
    return Storage(from_url(url))
