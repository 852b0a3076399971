"""When a user's requests start: after its last answer, or on a schedule."""

import random
import time

import gevent
from gevent.pool import Group
from locust import User

from loadtest.traffic import corpus


class PacedUser(User):
    """A user in a closed loop, or with `--arrivals` in an open one.

    In the open loop a request starts when it is due, whatever became of those before, and its
    latency counts from then: else the waits that a stall causes would be missing from the figures
    (coordinated omission). In the closed loop a user that was refused waits as long as it was told.
    """

    abstract = True

    def on_start(self) -> None:
        """Begin at a random moment, or all users would send at once."""
        options = self.environment.parsed_options
        assert options
        self.options = options
        self.choose_photo = corpus.chooser(options.photo_mp)
        self._under_way = Group()
        self._pause_s = 0.0
        self._due = time.perf_counter()
        if options.arrivals:
            self._due += random.random() / options.arrivals

    def wait_time(self) -> float:
        """What Locust waits between two tasks."""
        return self._pause_s

    def on_stop(self) -> None:
        """Wait for the answers; Locust's --stop-timeout says how long."""
        self._under_way.join()

    def start_request(self) -> None:
        """Do the next one."""
        if not self.options.arrivals:
            self._pause_s = self.request(time.perf_counter())
            return
        # Not as wait_time: in that, Locust kills users, and here answers are under way.
        gevent.sleep(max(0.0, self._due - time.perf_counter()))
        self._under_way.spawn(self.request, self._due)
        self._due += 1 / self.options.arrivals

    def request(self, due: float) -> float:
        """Do one that was due at this time; seconds that it asked to wait before the next one."""
        raise NotImplementedError
