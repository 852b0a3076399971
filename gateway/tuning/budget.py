"""How much time is left, and whether more measurements fit into it."""

import statistics
import time
from collections.abc import Callable

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement


class Budget:
    """The time for a sweep, and what a measurement has taken so far.

    Args:
        seconds: from now on.
        clock: returns seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock, self._deadline = clock, clock() + seconds
        self._durations_s: list[float] = []

    def timed(self, measure: Callable[[Config], Measurement]) -> Callable[[Config], Measurement]:
        """Return a function that does the same, and records how long each call takes."""

        def timed_measure(config: Config) -> Measurement:
            started = self._clock()
            try:
                return measure(config)
            finally:
                self._durations_s.append(self._clock() - started)

        return timed_measure

    def allows(self, measurements: int, *, reserved: int = 0) -> bool:
        """Return whether there is time for this many measurements.

        Args:
            measurements: to be made now.
            reserved: measurements that must still fit afterwards. They get at most half of the
                budget: where measurements are slow, the next run makes the repeats.
        """
        # The median: the first measurement compiles the model, and a failed one is short.
        each_s = statistics.median(self._durations_s) if self._durations_s else 0.0
        reserved_s = min(reserved * each_s, self.seconds / 2)
        left_s = self._deadline - self._clock()
        return not measurements or measurements * each_s + reserved_s < left_s
