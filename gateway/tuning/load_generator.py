"""A closed loop of callers, each of which sends its next image when the last one is answered."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.errors import Overloaded
from gateway.tuning.measurement import Measurement, quantile

REJECTED_PAUSE_S = 0.25
"""Pause of a caller after a rejection: without it, rejecting would take the cores."""


MIN_ANSWERS = 2
"""Answers that a window must contain, however slow the machine is: none would give no rate."""
MAX_STRETCH = 3
"""How many times longer a window may become on a slow machine: few images give no useful p95."""


@dataclass(frozen=True)
class _Answer:
    at: float
    """`time.perf_counter` of its arrival."""
    latency_s: float
    is_first: bool
    """Whether it is its caller's first: those are all sent at once, to a cold model."""


@dataclass
class LoadGenerator:
    """Sends images from several callers at once.

    Args:
        remove: cuts out one image.
        concurrency: how many callers there are.
    """

    remove: Callable[[], Awaitable[object]]
    concurrency: int
    _answers: list[_Answer] = field(default_factory=list)
    _rejected_at: list[float] = field(default_factory=list)

    async def run(self, warmup_s: float, seconds: float) -> tuple[float, float]:
        """Generate load, and return the start and the end of the window to be measured.

        The window begins after `warmup_s`, and not before half of the callers have an answer. It
        is extended, up to MAX_STRETCH times, until it contains an answer per caller.

        Args:
            warmup_s: seconds of load before the window.
            seconds: least length of the window.

        Returns:
            Start and end, by `time.perf_counter`.
        """
        async with asyncio.TaskGroup() as group:
            callers = [group.create_task(self._call()) for _ in range(self.concurrency)]
            await asyncio.sleep(warmup_s)
            await self._wait_for_answers(self.concurrency / 2, math.inf)
            start, answers_before = time.perf_counter(), len(self._answers)
            await asyncio.sleep(seconds)
            one_each = answers_before + self.concurrency
            await self._wait_for_answers(one_each, start + MAX_STRETCH * seconds)
            await self._wait_for_answers(answers_before + MIN_ANSWERS, math.inf)
            end = time.perf_counter()
            for caller in callers:
                caller.cancel()
        return start, end

    async def _wait_for_answers(self, count: float, deadline: float) -> None:
        while len(self._answers) < count and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # polled: every caller adds answers

    def measure(self, start: float, end: float) -> Measurement:
        """Return what the callers measured in a window."""
        # From the last answer before the window to the last one in it: only whole batches count.
        since = max(answer.at for answer in self._answers if answer.at <= start)
        answers = [answer for answer in self._answers if since < answer.at <= end]
        warm = [answer.latency_s for answer in answers if not answer.is_first]
        latencies_s = warm or [answer.latency_s for answer in answers]
        return Measurement(
            images_s=len(answers) / (answers[-1].at - since),
            p50_s=quantile(latencies_s, 0.5),
            p95_s=quantile(latencies_s, 0.95),
            images=len(answers),
            refused=sum(start <= at <= end for at in self._rejected_at),
        )

    async def _call(self) -> None:
        is_first = True
        while True:
            started = time.perf_counter()
            try:
                await self.remove()
            except Overloaded:
                self._rejected_at.append(time.perf_counter())
                await asyncio.sleep(REJECTED_PAUSE_S)
                continue
            now = time.perf_counter()
            self._answers.append(_Answer(now, now - started, is_first))
            is_first = False
