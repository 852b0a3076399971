"""The jobs of a folder, a few at a time."""

from collections.abc import Iterator

from gateway.bulk.job import MAX_IMAGES
from gateway.cli.bulk import downloads
from gateway.cli.bulk.state import Chunk
from gateway.cli.bulk.uploads import Uploads
from gateway.cli.bulk.work import Work
from gateway.client import Problem
from gateway.together import together

AT_ONCE = 3
"""One is done, one waits so that the service never does, and one is uploaded."""
MAX_UPLOADS = 3
"""Of an image whose jobs vanish: whoever ends them would do it again."""

OF_ONE_IMAGE = ("bad-image", "too-many-pixels", "image-too-large", "http-413")
"""A whole upload is refused so for one image of it; 413 is a proxy's."""
GONE = ("no-job", "no-result")


class Jobs:
    """Has images cut out."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._uploads = Uploads(work)

    async def run(self) -> None:
        """Do what is missing.

        Raises:
            Problem: the service refuses all, or does not answer; what was begun is in the state.
        """
        for chunk in self._work.state.abandoned:
            await self._cancel(chunk)
        async for _ in together(self._chunks(), self._do, at_once=AT_ONCE):
            pass

    def _chunks(self) -> Iterator[Chunk]:
        """Those that were begun, then new ones."""
        begun = list(self._work.state.chunks)
        yield from begun
        theirs = {name for chunk in begun for name in chunk.images}
        names = [name for name in self._work.missing(self._work.results) if name not in theirs]
        for start in range(0, len(names), MAX_IMAGES):
            yield self._work.chunk(names[start : start + MAX_IMAGES])

    async def _cancel(self, chunk: Chunk) -> None:
        try:
            if chunk.job_id:
                await self._work.client.cancel(chunk.job_id)
        except Problem as problem:
            if problem.slug not in GONE:
                raise

    async def _do(self, chunk: Chunk) -> None:
        """From upload to result, and what of it must be sent once more."""
        again: list[list[str]] = []
        try:
            await self._uploads.send(chunk)
            await downloads.take(self._work, chunk)
        except Problem as problem:
            again = self._again(chunk, problem)
        self._work.state.end(chunk)
        chunks = [self._work.chunk(names) for names in again]
        async for _ in together(chunks, self._do, at_once=len(chunks)):
            pass

    def _again(self, chunk: Chunk, problem: Problem) -> list[list[str]]:
        """What to send once more, in which chunks.

        Raises:
            Problem: that would not help.
        """
        names = self._work.missing(chunk.images)
        if problem.slug in GONE and all(self._uploads.accepted[n] < MAX_UPLOADS for n in names):
            return [names]
        if problem.slug not in OF_ONE_IMAGE or chunk.job_id:
            raise problem
        if len(names) == 1:
            self._work.progress.failed(names[0], _of_first(str(problem), names[0]))
            return []
        middle = len(names) // 2
        return [names[:middle], names[middle:]]


def _of_first(detail: str, name: str) -> str:
    """The service says which image of an upload it means."""
    return detail.removeprefix(f"Image 1 ({name[:80]!r}): ")
