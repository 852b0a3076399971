"""Uploads images as jobs."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from gateway.cli.bulk.run import BulkRun
from gateway.cli.bulk.state import Chunk
from gateway.errors import GatewayError
from gateway.images import header


class Uploader:
    """Uploads one chunk at a time: two at once would share the bandwidth."""

    def __init__(self, run: BulkRun) -> None:
        self._run = run
        self._lock = asyncio.Lock()
        self.uploads: Counter[str] = Counter()
        """How often the service has accepted each image."""

    async def upload(self, chunk: Chunk) -> None:
        """Upload a chunk, unless it is a job already; invalid images are left out.

        Raises:
            Problem: the service rejects the upload, or does not answer.
        """
        async with self._lock:
            if not chunk.job_id:
                await self._drop_invalid(chunk)
            if chunk.images and not chunk.job_id:
                await self._upload(chunk)
        self._run.progress.uploaded(self._run.missing(chunk.images))

    async def _upload(self, chunk: Chunk) -> None:
        run = self._run
        run.state.begin(chunk)
        job_id = await run.client.create(
            [run.source / name for name in chunk.images],
            idempotency_key=chunk.key,
            **run.options,
        )
        run.state.accepted(chunk, job_id)
        self.uploads.update(chunk.images.keys())

    async def _drop_invalid(self, chunk: Chunk) -> None:
        """Remove files that are not images: the service would reject the whole chunk for one."""
        for name in list(chunk.images):
            if error := await asyncio.to_thread(_validate, self._run.source / name):
                del chunk.images[name]
                self._run.progress.failed(name, error)


def _validate(path: Path) -> str:
    """Return why a file is not an image, else "". Only the service knows its size limits."""
    try:
        header.read(path.read_bytes(), max_pixels=sys.maxsize)
    except GatewayError as error:
        return str(error)
    except OSError as error:
        return f"It cannot be read: {error.strerror}."
    return ""
