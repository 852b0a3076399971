"""A folder of images as bulk jobs, a few at a time, from upload to result."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from gateway.bulk.job import MAX_IMAGES, ItemStatus
from gateway.cli.bulk_progress import BulkProgress
from gateway.cli.bulk_state import Chunk, State, stamps
from gateway.cli.files import write
from gateway.client import Asked, AsyncBulkClient, BulkImage, BulkJob, Problem
from gateway.errors import GatewayError
from gateway.images import header
from gateway.together import together

OPEN_JOBS = 3
"""One is done, one waits so that the service never does, and one is uploaded."""
DOWNLOADS = 4
"""Of one job at once."""
POLL_S = 2.0
"""Unless the service says how long."""
MAX_UPLOADS = 3
"""Of an image whose jobs vanish: whoever ends them would do it again."""

OF_ONE_IMAGE = ("bad-image", "too-many-pixels", "image-too-large", "http-413")
"""A whole upload is refused so, for one image of it; 413 is a proxy's."""
GONE = ("no-job", "no-result")


class BulkJobs:
    """Has images cut out.

    Args:
        client: of the service.
        asked: what to do with each.
        files: where the result of each goes; all are of one folder.
        state: what was begun before.
        progress: is told.
    """

    def __init__(
        self,
        client: AsyncBulkClient,
        asked: Asked,
        files: Mapping[Path, Path],
        state: State,
        progress: BulkProgress,
    ) -> None:
        self._client, self._asked = client, asked
        self._state, self._progress = state, progress
        self._source = next(iter(files)).parent
        self._results = {path.name: result for path, result in files.items()}
        self._uploading = asyncio.Lock()
        self._uploads: Counter[str] = Counter()

    async def run(self) -> None:
        """Do what is missing.

        Raises:
            Problem: the service refuses all, or does not answer; what was begun is in the state.
        """
        for chunk in self._state.abandoned:
            await self._cancel(chunk)
        self._state.abandoned.clear()
        async for _ in together(self._chunks(), self._do, at_once=OPEN_JOBS):
            pass

    def _chunks(self) -> Iterator[Chunk]:
        """Those that were begun, then new ones."""
        begun = list(self._state.chunks)
        yield from begun
        theirs = {name for chunk in begun for name in chunk.images}
        names = [name for name in self._missing(self._results) if name not in theirs]
        for start in range(0, len(names), MAX_IMAGES):
            yield self._chunk(names[start : start + MAX_IMAGES])

    async def _cancel(self, chunk: Chunk) -> None:
        try:
            if chunk.job_id:
                await self._client.cancel(chunk.job_id)
        except Problem as problem:
            if problem.slug not in GONE:
                raise

    async def _do(self, chunk: Chunk) -> None:
        """From upload to result; what of it must be sent once more is."""
        try:
            await self._upload(chunk)
            await self._collect(chunk)
            again: list[list[str]] = []
        except Problem as problem:
            again = self._again(chunk, problem)
        self._state.end(chunk)
        chunks = [self._chunk(names) for names in again if names]
        async for _ in together(chunks, self._do, at_once=len(chunks)):
            pass

    def _again(self, chunk: Chunk, problem: Problem) -> list[list[str]]:
        """What to send once more, in which chunks."""
        names = self._missing(chunk.images)
        uploads = max((self._uploads[name] for name in names), default=0)
        if problem.slug in GONE and uploads < MAX_UPLOADS:
            return [names]
        if problem.slug not in OF_ONE_IMAGE or chunk.job_id:
            raise problem
        if len(names) == 1:
            self._progress.failed(names[0], _of_first(str(problem), names[0]))
            return []
        middle = len(names) // 2
        return [names[:middle], names[middle:]]

    async def _upload(self, chunk: Chunk) -> None:
        async with self._uploading:  # two at once would share the same line
            if not chunk.job_id:
                await self._check(chunk)
            if not chunk.images:
                return
            if not chunk.job_id:
                self._state.begin(chunk)
                paths = [self._source / name for name in chunk.images]
                job_id = await self._client.create(paths, idempotency_key=chunk.key, **self._asked)
                self._state.accepted(chunk, job_id)
                self._uploads.update(chunk.images.keys())
        self._progress.uploaded(self._missing(chunk.images))

    async def _check(self, chunk: Chunk) -> None:
        """Leave out what is no image: the service would refuse all for it."""
        for name in list(chunk.images):
            if wrong := await asyncio.to_thread(_wrong, self._source / name):
                del chunk.images[name]
                self._progress.failed(name, wrong)

    async def _collect(self, chunk: Chunk) -> None:
        """Take each result as soon as it is there."""
        while True:
            job = await self._client.get(chunk.job_id)
            missing = self._missing(chunk.images)
            ended = [
                (name, image)
                for name, image in zip(chunk.images, job.images, strict=False)
                if name in missing and image.status != ItemStatus.PENDING
            ]
            async for _ in together(ended, partial(self._take, job.id), at_once=DOWNLOADS):
                pass
            if not self._missing(chunk.images):
                return
            await asyncio.sleep(_pause_s(job))

    async def _take(self, job_id: str, ended: tuple[str, BulkImage]) -> None:
        name, image = ended
        if image.status != ItemStatus.SUCCEEDED:
            self._progress.failed(name, image.problem or f"It was {image.status.value}.")
            return
        data = await self._client.result(job_id, image.number)
        await asyncio.to_thread(write, self._results[name], data)
        self._progress.done(name)

    def _chunk(self, names: Sequence[str]) -> Chunk:
        found = stamps(self._source, names)
        for name in set(names) - found.keys():
            self._progress.failed(name, "It is no longer there.")
        return Chunk(found)

    def _missing(self, names: Iterable[str]) -> list[str]:
        """Those of them that have neither a result nor failed."""
        failures = self._progress.failures
        return [
            name
            for name in names
            if name not in failures and not self._state.has(self._results[name])
        ]


def _wrong(path: Path) -> str:
    """Why a file is no image; the service alone knows how large one may be."""
    try:
        header.read(path.read_bytes(), max_pixels=sys.maxsize)
    except (GatewayError, OSError) as error:
        return str(error)
    return ""


def _of_first(detail: str, name: str) -> str:
    """The service says which image of an upload it means."""
    return detail.removeprefix(f"Image 1 ({name[:80]!r}): ")


def _pause_s(job: BulkJob) -> float:
    """How long to wait for news.

    Raises:
        Problem: there will be none.
    """
    if job.ended or job.status == "expired":
        raise Problem("no-job", f"The job {job.id} has ended without all of its results.")
    return job.look_again_s or POLL_S
