"""Images on their way to the service."""

import asyncio
import sys
from collections import Counter
from pathlib import Path

from gateway.cli.bulk.state import Chunk
from gateway.cli.bulk.work import Work
from gateway.errors import GatewayError
from gateway.images import header


class Uploads:
    """One after the other: two at once would share the same line."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._turn = asyncio.Lock()
        self.accepted: Counter[str] = Counter()
        """How often the service has taken each image."""

    async def send(self, chunk: Chunk) -> None:
        """Make a chunk a job, unless it is one; what is no image is left out.

        Raises:
            Problem: it is refused.
        """
        async with self._turn:
            if not chunk.job_id:
                await self._leave_out(chunk)
            if chunk.images and not chunk.job_id:
                await self._send(chunk)
        self._work.progress.uploaded(self._work.missing(chunk.images))

    async def _send(self, chunk: Chunk) -> None:
        work = self._work
        work.state.begin(chunk)
        job_id = await work.client.create(
            [work.source / name for name in chunk.images],
            idempotency_key=chunk.key,
            **work.asked,
        )
        work.state.accepted(chunk, job_id)
        self.accepted.update(chunk.images.keys())

    async def _leave_out(self, chunk: Chunk) -> None:
        """The service would refuse the whole chunk for what is no image."""
        for name in list(chunk.images):
            if wrong := await asyncio.to_thread(_wrong, self._work.source / name):
                del chunk.images[name]
                self._work.progress.failed(name, wrong)


def _wrong(path: Path) -> str:
    """Why a file is no image; the service alone knows how large one may be."""
    try:
        header.read(path.read_bytes(), max_pixels=sys.maxsize)
    except GatewayError as error:
        return str(error)
    except OSError as error:
        return f"It cannot be read: {error.strerror}."
    return ""
