"""Measures a backend's service time: the seconds that it takes per image while it is busy."""

from collections import deque

from gateway.concurrency import loop_time

TRUSTED_BATCHES = 8
"""Number of batches from which on their average is used. Before, the fastest batch counts, and only
in proportion to the number known: the first batches share the cores with the start of the service,
and too high an estimate rejects images that could be computed in time."""
NEWEST_BATCHES = 2
"""Number of newest batches whose average replaces the whole one, if it is lower."""


class ServiceTime:
    """Estimates the seconds per image from the newest images.

    The estimate is deliberately low: a backend that has become slower raises it after
    TRUSTED_BATCHES, one that has become faster lowers it after NEWEST_BATCHES.

    Attributes:
        batch_size: number of images that the backend completes at once.
    """

    def __init__(self) -> None:
        self.batch_size = 1
        self._samples_s: deque[float] = deque()
        self._running = 0
        self._busy_since = 0.0
        self._unanswered_s = 0.0
        """Busy time since the last answer that ended before `_busy_since`."""

    @property
    def average_s(self) -> float:
        """Average seconds per image of all samples; 0 without any."""
        return _mean(list(self._samples_s)) if self._samples_s else 0.0

    @property
    def estimate_s(self) -> float:
        """Estimated seconds per image, for load shedding; 0 without any sample."""
        samples, batch_size = list(self._samples_s), self.batch_size
        if len(samples) >= TRUSTED_BATCHES * batch_size:
            return min(_mean(samples), _mean(samples[-NEWEST_BATCHES * batch_size :]))
        batches = [samples[end - batch_size : end] for end in range(batch_size, len(samples) + 1)]
        trust = len(samples) / (TRUSTED_BATCHES * batch_size)
        return trust * min(map(_mean, batches), default=0.0)

    @property
    def silence_s(self) -> float:
        """Seconds since the last answer during which images were running; idle time is excluded."""
        running_s = loop_time() - self._busy_since if self._running else 0.0
        return self._unanswered_s + running_s

    def record(self, seconds: float) -> None:
        """Add the seconds that one image took."""
        self._samples_s.append(seconds)
        while len(self._samples_s) > TRUSTED_BATCHES * self.batch_size:
            self._samples_s.popleft()

    def image_started(self) -> None:
        """Note that the backend was given an image; several may run at once."""
        if not self._running:
            self._busy_since = loop_time()
        self._running += 1

    def image_ended(self, *, answered: bool) -> None:
        """Note that an image has ended.

        An answered image took the time since the answer before it, or since the backend was idle.

        Args:
            answered: False if it failed, timed out or was cancelled.
        """
        self._running -= 1
        if answered:
            self.record(loop_time() - self._busy_since)
            self._busy_since, self._unanswered_s = loop_time(), 0.0
        elif not self._running:
            self._unanswered_s += loop_time() - self._busy_since


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
