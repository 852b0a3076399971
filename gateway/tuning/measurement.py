"""What one configuration does under load, by the client's clock and Triton's statistics."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measurement:
    """One window of constant load, without the warm-up. The names are those of the journal."""

    images_s: float
    """Images answered per second."""
    p50_s: float
    p95_s: float
    images: int
    refused: int = 0
    """Requests rejected because the queue was full."""
    queue_s: float = 0.0
    """Mean time of an image in Triton's own queue; 0 without Triton."""
    compute_s: float = 0.0
    """Mean time of an image in the model, for its whole batch; 0 without Triton."""
    batches: dict[str, int] = field(default_factory=dict)
    """Number of executions by batch size; empty without Triton."""

    @property
    def mean_batch(self) -> float:
        """Mean batch size; 0 without Triton."""
        runs = sum(self.batches.values())
        return sum(int(size) * count for size, count in self.batches.items()) / runs if runs else 0

    @property
    def is_overloaded(self) -> bool:
        """Whether more than 1 % of the requests were rejected: it cannot serve this load."""
        return self.refused > (self.images + self.refused) / 100

    def dominates(self, other: "Measurement") -> bool:
        """Return whether this is at least as good by throughput and p95, and better by one."""
        mine, theirs = (self.images_s, -self.p95_s), (other.images_s, -other.p95_s)
        return mine != theirs and all(a >= b for a, b in zip(mine, theirs, strict=True))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank quantile: the least value that is >= this share of all values.

    Args:
        values: at least one.
        share: above 0, up to 1.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]
