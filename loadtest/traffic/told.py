"""How Locust is told of a request: one row for those that were answered, one for those refused."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from locust.env import Environment

FAILED_PAUSE_S = 1.0
"""Or a service that is down would be asked in a tight loop."""


class Refused(Exception):
    """The service asked to come back later, which is what it should do under too much load."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Unexpected(Exception):
    """Any other answer that is no success."""


@dataclass
class Told:
    """One request."""

    kind: str
    """Locust's column `Type`."""
    name: str
    due: float
    """`time.perf_counter` when it was to start: what its latency counts from."""
    length: int = 0
    """Bytes of the answer."""
    pause_s: float = 0.0
    """What the service asked to wait before the next request."""

    def ended(self, environment: Environment, error: Exception | None) -> None:
        """Tell Locust how it ended."""
        spent_s = time.perf_counter() - self.due
        options = environment.parsed_options
        counts = options is None or options.refusals == "expected"
        expected = isinstance(error, Refused) and counts
        environment.events.request.fire(
            request_type=self.kind,
            name=f"{self.name} refused" if isinstance(error, Refused) else self.name,
            response_time=spent_s * 1000,
            response_length=self.length,
            exception=None if expected else error,
            start_time=time.time() - spent_s,
            context={},
        )


@contextmanager
def told(environment: Environment, kind: str, name: str, due: float) -> Iterator[Told]:
    """Tell Locust of the request inside the block; what goes wrong in it ends here."""
    one = Told(kind, name, due)
    error: Exception | None = None
    try:
        yield one
    except Refused as refused:
        error, one.pause_s = refused, refused.retry_after_s
    except Exception as unforeseen:  # whatever it is, the run must tell it and go on
        error, one.pause_s = unforeseen, FAILED_PAUSE_S
    one.ended(environment, error)
