"""Starts a user's requests after its last answer, or on a schedule."""

import random
import time

import gevent
from gevent.pool import Group
from locust import User

from loadtest.traffic import corpus


class PacedUser(User):
    """A user in a closed loop, or with `--arrivals` in an open one.

    In the open loop, requests start on a schedule, however long answers take, and latency counts
    from the scheduled start: else the statistics would lack the waits that a stall causes
    (coordinated omission). In the closed loop, a rejected user waits for its Retry-After.
    """

    abstract = True

    def on_start(self) -> None:
        """Choose a random first start: else all users would send at the same moments."""
        options = self.environment.parsed_options
        assert options
        self.options = options
        self.choose_photo = corpus.chooser(options.photo_mp)
        self._in_flight = Group()
        self._pause_s = 0.0
        self._due = time.perf_counter()
        if options.arrivals:
            self._due += random.random() / options.arrivals

    def wait_time(self) -> float:
        """Return the seconds that Locust waits before the next task."""
        return self._pause_s

    def on_stop(self) -> None:
        """Wait for the answers, for at most Locust's --stop-timeout."""
        self._in_flight.join()

    def start_request(self) -> None:
        """Send the next request."""
        if not self.options.arrivals:
            self._pause_s = self.request(time.perf_counter())
            return
        # Not in wait_time: there Locust kills users, although their requests are in flight.
        gevent.sleep(max(0.0, self._due - time.perf_counter()))
        self._in_flight.spawn(self.request, self._due)
        self._due += 1 / self.options.arrivals

    def request(self, due: float) -> float:
        """Send a request, and return the seconds to wait before the next one.

        Args:
            due: its scheduled start, by `time.perf_counter`.
        """
        raise NotImplementedError
