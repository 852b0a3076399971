"""How much time there is, and whether more measurements fit into it."""

import statistics
import time
from collections.abc import Callable

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement


class Budget:
    """Time, and what a point takes as far as is known.

    Args:
        seconds: from now.
        clock: tells seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock, self._ends = clock, clock() + seconds
        self._spent: list[float] = []

    def timed(self, measure: Callable[[Config], Measurement]) -> Callable[[Config], Measurement]:
        """The same, taking note of the time it takes."""

        def measured(config: Config) -> Measurement:
            started = self._clock()
            try:
                return measure(config)
            finally:
                self._spent.append(self._clock() - started)

        return measured

    def allows(self, points: int, *, reserved: int = 0) -> bool:
        """Whether so many more fit, and as many reserved ones after them, for half of all at most.

        More is not kept for later: where points are slow, the next run goes on with the repeats.
        """
        # Not the mean: the first point compiles the model, and a failed one is short.
        each_s = statistics.median(self._spent) if self._spent else 0.0
        kept_s = min(reserved * each_s, self.seconds / 2)
        return not points or points * each_s + kept_s < self._ends - self._clock()
