"""What became of the requests, by the event during which they ended."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from gateway.client import Problem

Errors = Counter[str]


@dataclass
class Outcome:
    """The requests that ended during one event and the quiet time after it."""

    event: str
    expected: str
    """Which failures are allowed: `none`, or `in flight`, if each is retryable."""
    requests: Counter[str] = field(default_factory=Counter)
    """By kind."""
    failed: Errors = field(default_factory=Counter)
    """Failures that a caller may retry, by kind and slug."""
    broken: Errors = field(default_factory=Counter)
    """Failures that a caller may not retry."""
    retried: Errors = field(default_factory=Counter)
    """Bulk calls that were repeated, after a 503 with Retry-After or a broken connection."""
    slowest_s: float = 0.0
    seconds: float = 0.0
    """Of the event itself, until everything was ready again."""

    @property
    def is_passed(self) -> bool:
        """Whether nothing happened that must not."""
        return not self.broken and (self.expected == "in flight" or not self.failed)


class Outcomes:
    """All events, the current one last."""

    def __init__(self) -> None:
        self.events: list[Outcome] = [Outcome("start", "none")]

    @property
    def current(self) -> Outcome:
        """What a request that ends now belongs to."""
        return self.events[-1]

    def begin(self, event: str, expected: str) -> Outcome:
        """Begin an event."""
        self.events.append(Outcome(event, expected))
        return self.current

    @contextmanager
    def request(self, kind: str) -> Iterator[None]:
        """Count a request of a kind, and its failure, which is not raised."""
        started = time.monotonic()
        problem: Problem | None = None
        try:
            yield
        except Problem as error:
            problem = error
        now = self.current
        now.requests[kind] += 1
        now.slowest_s = max(now.slowest_s, time.monotonic() - started)
        if problem:
            errors = now.failed if problem.is_retryable else now.broken
            errors[f"{kind}: {problem.slug}"] += 1

    def write(self, path: Path, **facts: object) -> None:
        """Write all events as JSON."""
        events = [vars(event) | {"passed": event.is_passed} for event in self.events]
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(facts | {"events": events}, indent=2) + "\n")

    def table(self) -> Table:
        """Return all events as a table."""
        table = Table("event", "took s", "requests", "failed", "retried", "slowest s", "passed")
        for event in self.events:
            failures = event.failed + event.broken
            table.add_row(
                event.event,
                f"{event.seconds:.1f}",
                str(event.requests.total()),
                _as_text(failures),
                str(event.retried.total()),
                f"{event.slowest_s:.1f}",
                "yes" if event.is_passed else "NO",
            )
        return table


def _as_text(errors: Errors) -> str:
    return ", ".join(f"{count} {name}" for name, count in errors.items()) or "0"
