"""A constant load: so many images under way, each caller asking again when it is answered."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import Overloaded
from gateway.tuning.measurement import Measurement, quantile

REFUSED_WAIT_S = 0.25
"""After a refusal: long enough not to spend the cores on refusing."""


FEWEST = 2
"""Answers in a window, however slow the machine is: from none, nothing is told."""
STRETCH = 3
"""How much longer a window may become on a slow machine: from few images, no p95 is told."""


@dataclass
class Load:
    """Runs until told to stop.

    Args:
        ask: has one image worked on.
        concurrency: callers.
    """

    ask: Callable[[], Awaitable[object]]
    concurrency: int
    _ended: list[tuple[float, float, bool]] = field(default_factory=list)
    """When each answer came, what it took, in seconds, and whether it was its caller's first: all
    of these were asked for at once, of a cold model."""
    _refused: list[float] = field(default_factory=list)

    async def window(self, warmup_s: float, seconds: float) -> tuple[float, float]:
        """Load, and say when the part that counts began and ended.

        The beginning is dropped: `warmup_s`, and until half of the callers have been answered. The
        window is longer, up to STRETCH times, where not even each caller has an answer in it.

        Args:
            warmup_s: seconds.
            seconds: of the window.
        """
        async with asyncio.TaskGroup() as group:
            callers = [group.create_task(self._call()) for _ in range(self.concurrency)]
            await asyncio.sleep(warmup_s)
            await self._until(self.concurrency / 2, math.inf)
            begun, before = time.perf_counter(), len(self._ended)
            await asyncio.sleep(seconds)
            await self._until(before + self.concurrency, begun + STRETCH * seconds)
            await self._until(before + FEWEST, math.inf)
            ended = time.perf_counter()
            for caller in callers:
                caller.cancel()
        return begun, ended

    async def _until(self, answers: float, deadline: float) -> None:
        while len(self._ended) < answers and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # many callers set it

    def measured(self, begun: float, ended: float) -> Measurement:
        """What the callers saw in a window."""
        # From the last answer before the window to the last one in it: whole batches.
        since = max(at for at, _, _ in self._ended if at <= begun)
        answers = [answer for answer in self._ended if since < answer[0] <= ended]
        later = [took for _, took, first in answers if not first]
        took = later or [took for _, took, _ in answers]
        return Measurement(
            images_s=len(answers) / (answers[-1][0] - since),
            p50_s=quantile(took, 0.5),
            p95_s=quantile(took, 0.95),
            images=len(answers),
            refused=sum(begun <= at <= ended for at in self._refused),
        )

    async def _call(self) -> None:
        first = True
        while True:
            started = time.perf_counter()
            try:
                await self.ask()
            except Overloaded:
                self._refused.append(time.perf_counter())
                await asyncio.sleep(REFUSED_WAIT_S)
                continue
            now = time.perf_counter()
            self._ended.append((now, now - started, first))
            first = False
