"""Triton's counters of a model, from its statistics extension."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Statistics:
    """Counters since the server's start. Subtract two to get what happened between them."""

    images: int = 0
    queue_s: float = 0.0
    """Sum over all images of the seconds that each waited."""
    compute_s: float = 0.0
    """Sum over all images of the seconds that their batches were computed."""
    executions: Counter[int] = field(default_factory=Counter)
    """Number of runs of the model, by batch size."""

    @classmethod
    def parse(cls, answer: Mapping[str, Any]) -> "Statistics":
        """Parse the JSON answer for one model, which leaves out counters that are zero."""
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
