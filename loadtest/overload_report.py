"""What an overload did to the service, and what it should have done."""

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from rich.table import Table

from loadtest.upload import Answer

GOODPUT, REFUSED_P95_S, RECOVERY_S = 0.9, 0.05, 10.0
"""Targets."""


def p95(values: list[float]) -> float:
    """The 95th percentile; not a number when there are none."""
    return float(np.percentile(values, 95)) if values else math.nan


@dataclass
class Report:
    """What was measured. Rates are images a second."""

    deadline_s: float
    """CLEARBG_REQUEST_TIMEOUT_S of the service."""
    capacity_hz: float
    """By closed loops before and after: the mean, since others use the machine too."""
    idle_s: float
    """Median latency of single requests before."""
    answers: list[Answer] = field(repr=False)
    """Of the overload, in the order in which they were due."""
    rss_start_bytes: int
    rss_max_bytes: int
    recovery_s: float | None
    """From the overload's end until a request began that took no longer than 1.5 x `idle_s`; None
    if there was none."""

    @property
    def accepted(self) -> list[Answer]:
        """Those with a cut-out."""
        return [answer for answer in self.answers if answer.status == 200]

    @property
    def refused(self) -> list[Answer]:
        """Those that were told when to come back."""
        return [one for one in self.answers if one.status in (429, 503) and one.retry_after_s]

    @property
    def goodput(self) -> float:
        """Cut-outs within the deadline, as a part of what the capacity would have made."""
        good = sum(answer.latency_s <= self.deadline_s for answer in self.accepted)
        return good / self._span_s / self.capacity_hz

    @property
    def accepted_p95_s(self) -> float:
        """What those who got a cut-out waited for it."""
        return p95([answer.latency_s for answer in self.accepted])

    @property
    def refused_p95_s(self) -> float:
        """What the others waited, from their upload's last byte."""
        return p95([answer.after_upload_s for answer in self.refused])

    @property
    def _span_s(self) -> float:
        """The last cut-outs come after the last arrival."""
        last = max((answer.ended for answer in self.accepted), default=math.inf)
        return last - self.answers[0].due

    @property
    def met(self) -> dict[str, bool]:
        """Which targets are."""
        return {
            "goodput": self.goodput >= GOODPUT,
            "accepted": self.accepted_p95_s <= self.deadline_s,
            "refused": self.refused_p95_s < REFUSED_P95_S,
            "recovery": self.recovery_s is not None and self.recovery_s <= RECOVERY_S,
        }

    def table(self) -> Table:
        """All of it, to be printed."""
        recovered = f"{self.recovery_s:.1f} s" if self.recovery_s is not None else "never"
        rss = f"{self.rss_start_bytes / 1e6:.0f} MB, {self.rss_max_bytes / 1e6:.0f} MB"
        rows = (
            ("capacity", f"{self.capacity_hz:.2f} images/s", ""),
            ("answers by status", str(dict(Counter(one.status for one in self.answers))), ""),
            ("goodput / capacity", f"{self.goodput:.2f}", f">= {GOODPUT}"),
            ("accepted: p95", f"{self.accepted_p95_s:.2f} s", f"<= {self.deadline_s:g} s"),
            ("refused: p95", f"{self.refused_p95_s * 1e3:.0f} ms", f"< {REFUSED_P95_S * 1e3:g} ms"),
            ("gateway's RSS: start, max", rss, ""),
            ("latency idle", f"{self.idle_s:.2f} s", ""),
            ("as fast as idle after", recovered, f"<= {RECOVERY_S:g} s"),
        )
        table = Table("", "measured", "target", title="Overload")
        for row in rows:
            table.add_row(*row)
        return table
