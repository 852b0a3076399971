"""One cell of the comparison: a size of photo and a number of callers, on one server."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtest.rivals.server import Server
from loadtest.start.memory import watching_peak
from loadtest.upload import Answer

SAMPLE_S = 1.0
"""Between two samples of memory; each costs milliseconds of CPU."""
RETRY_AFTER_S = 1.0
"""Pause after a rejection that names none."""
REJECTED = (429, 503)


@dataclass(frozen=True)
class Cell:
    """What callers do."""

    megapixels: int
    callers: int


@dataclass(frozen=True)
class Outcome:
    """The outcome of one cell, of one server, in one round."""

    images_per_s: float
    latencies_s: tuple[float, ...]
    """Of each cut-out, from the first attempt: pauses after rejections are part of it."""
    cpu_s: float
    """Per cut-out, of all processes of the server."""
    pss_mb: float
    """Peak of all processes."""
    output_bytes: float
    """Mean of the answers, with their headers."""
    rejections: int
    """Attempts that were rejected with 429 or 503; the caller tried again."""
    failed: int
    """Images without a cut-out."""


def measure(server: Server, images: Sequence[bytes], cell: Cell) -> Outcome:
    """Send all images from the cell's callers, each of which waits for its last answer."""
    callers = _Callers(server, images)
    cpu_s, started = server.cpu_s(), time.perf_counter()
    with watching_peak(server.process.pid, SAMPLE_S) as peak:
        asyncio.run(callers.run(cell.callers))
    seconds = time.perf_counter() - started
    done = max(1, len(callers.answers))
    return Outcome(
        images_per_s=len(callers.answers) / seconds,
        latencies_s=tuple(callers.latencies_s),
        cpu_s=(server.cpu_s() - cpu_s) / done,
        pss_mb=peak.mb,
        output_bytes=sum(answer.size_bytes for answer in callers.answers) / done,
        rejections=callers.rejections,
        failed=len(images) - len(callers.answers),
    )


class _Callers:
    """Callers in a closed loop."""

    def __init__(self, server: Server, images: Sequence[bytes]) -> None:
        self._uploads = {image: server.upload(image) for image in set(images)}
        self._images: Iterator[bytes] = iter(images)
        self.answers: list[Answer] = []
        self.latencies_s: list[float] = []
        self.rejections = 0

    async def run(self, callers: int) -> None:
        await asyncio.gather(*(self._call() for _ in range(callers)))

    async def _call(self) -> None:
        for image in self._images:
            started = time.perf_counter()
            answer = await self._until_accepted(image)
            if answer.status == 200:
                self.answers.append(answer)
                self.latencies_s.append(answer.ended - started)

    async def _until_accepted(self, image: bytes) -> Answer:
        while True:
            answer = await self._uploads[image].send(time.perf_counter())
            if answer.status not in REJECTED:
                return answer
            self.rejections += 1
            await asyncio.sleep(answer.retry_after_s or RETRY_AFTER_S)
