"""An event loop whose clock jumps to the next timer: an hour of arrivals takes a second.

No busy machine can stretch it: what is measured by it is the same in every run.
"""

import asyncio
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Never waits, but adds the requested timeout to its clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code that takes its time from the event loop and uses no threads."""

    def __init__(self) -> None:
        self._timers = _Selector()
        super().__init__(self._timers)

    def time(self) -> float:
        return self._timers.now

    def stall(self, seconds: float) -> None:
        """Let time pass in which the loop does nothing, as when a task computes."""
        self._timers.now += seconds


class LoopClock:
    """Stands in for the module `time` in code under test: its clocks are the running loop's."""

    @staticmethod
    def perf_counter() -> float:
        return asyncio.get_running_loop().time()

    monotonic = perf_counter
