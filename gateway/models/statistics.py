"""What Triton counts of a model, as its statistics extension says it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Statistics:
    """Counted since the server's start; the difference of two is what happened between them."""

    images: int = 0
    queue_s: float = 0.0
    """Seconds that all images together waited."""
    compute_s: float = 0.0
    """Seconds that all images together were computed, each one as long as its whole batch."""
    executions: Counter[int] = field(default_factory=Counter)
    """How often the model ran, by the images in the batch."""

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Statistics":
        """Read the answer for one model, as JSON: there, what is zero is left out."""
        model = answer["model_stats"][0]
        batches = model.get("batch_stats", [])
        queue, compute = (model["inference_stats"].get(n, {}) for n in ("queue", "compute_infer"))
        return cls(
            images=int(model.get("inference_count", 0)),
            queue_s=int(queue.get("ns", 0)) / 1e9,
            compute_s=int(compute.get("ns", 0)) / 1e9,
            executions=Counter(
                {int(b["batch_size"]): int(b["compute_infer"].get("count", 0)) for b in batches}
            ),
        )

    def __sub__(self, before: "Statistics") -> "Statistics":
        return Statistics(
            images=self.images - before.images,
            queue_s=self.queue_s - before.queue_s,
            compute_s=self.compute_s - before.compute_s,
            executions=self.executions - before.executions,
        )
