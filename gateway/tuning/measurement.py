"""What one configuration does under load, by the client's clock and by Triton's counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Measurement:
    """One window of a constant load, its beginning left out."""

    images_s: float
    """Images a second that were answered."""
    p50_s: float
    p95_s: float
    images: int
    refused: int = 0
    """Requests that were refused for want of a place."""
    queue_s: float = 0.0
    """Mean wait of an image in Triton's own queue; 0 without Triton."""
    compute_s: float = 0.0
    """Mean time of an image in the model, its whole batch."""
    batches: dict[str, int] = field(default_factory=dict)
    """How often the model ran, by the images in the batch."""

    @property
    def mean_batch(self) -> float:
        """Images in a batch; 0 without Triton."""
        runs = sum(self.batches.values())
        return sum(int(size) * count for size, count in self.batches.items()) / runs if runs else 0

    @property
    def refuses(self) -> bool:
        """Whether it is no answer to the load: more than one request in a hundred is refused."""
        return self.refused > (self.images + self.refused) / 100

    def beats(self, other: "Measurement") -> bool:
        """Whether it is at least as good by throughput and by p95, and better by one of them."""
        mine, theirs = (self.images_s, -self.p95_s), (other.images_s, -other.p95_s)
        return mine != theirs and all(a >= b for a, b in zip(mine, theirs, strict=True))


def quantile(values: Sequence[float], part: float) -> float:
    """The nearest rank: the least value that is no smaller than this part of them.

    Args:
        values: at least one.
        part: above 0, up to 1.
    """
    return sorted(values)[math.ceil(part * len(values)) - 1]
