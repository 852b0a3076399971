"""Reports requests to Locust: its statistics get one row for answers and one for rejections."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from locust.env import Environment

FAILED_PAUSE_S = 1.0
"""Pause of a user after a failure: without it, users would flood a service that is down."""


class Rejected(Exception):
    """The service rejected a request with a Retry-After, as it should in an overload."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class UnexpectedAnswer(Exception):
    """Any other answer that is not a success."""


@dataclass
class RecordedRequest:
    """One request, for Locust's statistics."""

    kind: str
    """Locust's column `Type`."""
    name: str
    due: float
    """Scheduled start by `time.perf_counter`, from which the latency counts."""
    length: int = 0
    """Bytes of the response."""
    pause_s: float = 0.0
    """Seconds that the user waits before its next request."""

    def report(self, environment: Environment, error: Exception | None) -> None:
        """Report the request and its outcome to Locust."""
        latency_s = time.perf_counter() - self.due
        options = environment.parsed_options
        expects_rejections = options is None or options.refusals == "expected"
        rejected = isinstance(error, Rejected)
        environment.events.request.fire(
            request_type=self.kind,
            name=f"{self.name} refused" if rejected else self.name,
            response_time=latency_s * 1000,
            response_length=self.length,
            exception=None if rejected and expects_rejections else error,
            start_time=time.time() - latency_s,
            context={},
        )


@contextmanager
def recorded_request(
    environment: Environment, kind: str, name: str, due: float
) -> Iterator[RecordedRequest]:
    """Report the request inside the block to Locust; the block's exceptions are reported too.

    Args:
        environment: of the user.
        kind: Locust's column `Type`.
        name: Locust's column `Name`.
        due: scheduled start, by `time.perf_counter`.
    """
    request = RecordedRequest(kind, name, due)
    error: Exception | None = None
    try:
        yield request
    except Rejected as rejected:
        error, request.pause_s = rejected, rejected.retry_after_s
    except Exception as unforeseen:  # of any kind: the run must continue
        error, request.pause_s = unforeseen, FAILED_PAUSE_S
    request.report(environment, error)
