"""The behaviour of a service in an overload, and the targets for it."""

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from rich.table import Table

from loadtest.upload import Answer

GOODPUT, REJECTED_P95_S, RECOVERY_S = 0.9, 0.05, 10.0
"""Targets."""


def p95(values: list[float]) -> float:
    """Return the 95th percentile; NaN without values."""
    return float(np.percentile(values, 95)) if values else math.nan


@dataclass
class Report:
    """The measurements. Rates are images per second."""

    deadline_s: float
    """CLEARBG_REQUEST_TIMEOUT_S of the service."""
    capacity_hz: float
    """Mean of closed loops before and after, since other work shares the machine."""
    idle_s: float
    """Median latency of single requests before the overload."""
    answers: list[Answer] = field(repr=False)
    """To the requests of the overload, in the order in which those were due."""
    rss_start_bytes: int
    rss_max_bytes: int
    recovery_s: float | None
    """From the end of the overload to the start of the first request that took no longer than
    1.5 x `idle_s`; None if there was none."""

    @property
    def accepted(self) -> list[Answer]:
        """The answers with a cut-out."""
        return [answer for answer in self.answers if answer.status == 200]

    @property
    def rejected(self) -> list[Answer]:
        """The rejections with a Retry-After."""
        return [
            answer
            for answer in self.answers
            if answer.status in (429, 503) and answer.retry_after_s
        ]

    @property
    def goodput(self) -> float:
        """Cut-outs within the deadline, relative to those that the capacity allows."""
        in_time = sum(answer.latency_s <= self.deadline_s for answer in self.accepted)
        return in_time / self._span_s / self.capacity_hz

    @property
    def accepted_p95_s(self) -> float:
        """p95 latency of the cut-outs."""
        return p95([answer.latency_s for answer in self.accepted])

    @property
    def rejected_p95_s(self) -> float:
        """p95 of the time from the last byte of an upload to its rejection."""
        return p95([answer.after_upload_s for answer in self.rejected])

    @property
    def _span_s(self) -> float:
        """Seconds from the first request to the last cut-out, which follows the last request."""
        last = max((answer.ended for answer in self.accepted), default=math.inf)
        return last - self.answers[0].due

    @property
    def met(self) -> dict[str, bool]:
        """Whether each target is met."""
        return {
            "goodput": self.goodput >= GOODPUT,
            "accepted": self.accepted_p95_s <= self.deadline_s,
            "rejected": self.rejected_p95_s < REJECTED_P95_S,
            "recovery": self.recovery_s is not None and self.recovery_s <= RECOVERY_S,
        }

    def table(self) -> Table:
        """Return the measurements and targets as a table."""
        recovery = f"{self.recovery_s:.1f} s" if self.recovery_s is not None else "never"
        rss = f"{self.rss_start_bytes / 1e6:.0f} MB, {self.rss_max_bytes / 1e6:.0f} MB"
        statuses = Counter(answer.status for answer in self.answers)
        rejected_ms = f"{self.rejected_p95_s * 1e3:.0f} ms"
        rows = (
            ("capacity", f"{self.capacity_hz:.2f} images/s", ""),
            ("answers by status", str(dict(statuses)), ""),
            ("goodput / capacity", f"{self.goodput:.2f}", f">= {GOODPUT}"),
            ("accepted: p95", f"{self.accepted_p95_s:.2f} s", f"<= {self.deadline_s:g} s"),
            ("rejected: p95", rejected_ms, f"< {REJECTED_P95_S * 1e3:g} ms"),
            ("gateway's RSS: start, max", rss, ""),
            ("idle latency", f"{self.idle_s:.2f} s", ""),
            ("recovery", recovery, f"<= {RECOVERY_S:g} s"),
        )
        table = Table("", "measured", "target", title="Overload")
        for row in rows:
            table.add_row(*row)
        return table
