"""Runs the jobs of a folder, a few at a time."""

from collections.abc import Iterator

from gateway.bulk.job import MAX_IMAGES
from gateway.cli.bulk.downloads import download_results
from gateway.cli.bulk.run import BulkRun
from gateway.cli.bulk.state import Chunk
from gateway.cli.bulk.uploader import Uploader
from gateway.client import Problem
from gateway.concurrency import concurrently

AT_ONCE = 3
"""Jobs at the same time: one is processed, one waits so that the service is never idle, and one is
uploaded."""
MAX_UPLOADS = 3
"""Uploads of an image whose jobs disappear: something keeps deleting them."""

ERRORS_OF_ONE_IMAGE = ("bad-image", "too-many-pixels", "image-too-large", "http-413")
"""Problems with which one image causes a whole upload to be rejected; 413 is a proxy's."""
GONE = ("no-job", "no-result")


class JobRunner:
    """Cuts out the images of a run by bulk jobs."""

    def __init__(self, run: BulkRun) -> None:
        self._run = run
        self._uploader = Uploader(run)

    async def run(self) -> None:
        """Process all images without a result.

        Raises:
            Problem: the service rejects every upload, or does not answer. The state file keeps the
                jobs in progress.
        """
        for chunk in self._run.state.abandoned:
            await self._cancel(chunk)
        async for _ in concurrently(self._chunks(), self._process, at_once=AT_ONCE):
            pass

    def _chunks(self) -> Iterator[Chunk]:
        """Yield the chunks of the interrupted command, then new ones."""
        resumed = list(self._run.state.chunks)
        yield from resumed
        in_progress = {name for chunk in resumed for name in chunk.images}
        names = [name for name in self._run.missing(self._run.results) if name not in in_progress]
        for start in range(0, len(names), MAX_IMAGES):
            yield self._run.new_chunk(names[start : start + MAX_IMAGES])

    async def _cancel(self, chunk: Chunk) -> None:
        try:
            if chunk.job_id:
                await self._run.client.cancel(chunk.job_id)
        except Problem as problem:
            if problem.slug not in GONE:
                raise

    async def _process(self, chunk: Chunk) -> None:
        """Upload a chunk, download its results, and repeat both for images to be sent again."""
        retried: list[list[str]] = []
        try:
            await self._uploader.upload(chunk)
            await download_results(self._run, chunk)
        except Problem as problem:
            retried = self._to_retry(chunk, problem)
        self._run.state.end(chunk)
        chunks = [self._run.new_chunk(names) for names in retried]
        async for _ in concurrently(chunks, self._process, at_once=len(chunks)):
            pass

    def _to_retry(self, chunk: Chunk, problem: Problem) -> list[list[str]]:
        """Return the images to send again, as the names of each new chunk.

        A rejected chunk is halved until the image that causes the rejection is alone.

        Raises:
            Problem: sending them again would not help.
        """
        names = self._run.missing(chunk.images)
        if problem.slug in GONE and all(self._uploader.uploads[n] < MAX_UPLOADS for n in names):
            return [names]
        if problem.slug not in ERRORS_OF_ONE_IMAGE or chunk.job_id:
            raise problem
        if len(names) == 1:
            self._run.progress.failed(names[0], _without_position(str(problem), names[0]))
            return []
        middle = len(names) // 2
        return [names[:middle], names[middle:]]


def _without_position(detail: str, name: str) -> str:
    """Remove the image's position in the upload, with which the service begins the message."""
    return detail.removeprefix(f"Image 1 ({name[:80]!r}): ")
