"""Whether the repeats show that a configuration is better than the default."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement
from gateway.tuning.sweep import MIN_ROUNDS

Repeats = Mapping[Config, Sequence[Measurement]]


@dataclass(frozen=True)
class Improvement:
    """How much better a candidate is than the default, over paired rounds."""

    median: float
    """Relative: 0.1 is 10 % better, negative is worse."""
    scatter: float
    """Range of the rounds' improvements, relative too; the median must exceed it."""

    @property
    def is_significant(self) -> bool:
        """Whether the improvement is more than noise."""
        return self.median > self.scatter

    @property
    def is_regression(self) -> bool:
        """Whether the candidate is worse by more than noise."""
        return -self.median > self.scatter

    def __str__(self) -> str:
        return f"{100 * self.median:+.1f} % (scatter {100 * self.scatter:.1f} %)"


@dataclass(frozen=True)
class Comparison:
    """One candidate compared with the default."""

    config: Config
    throughput: Improvement
    """Of images/s."""
    promptness: Improvement
    """Of 1/p95."""

    @property
    def is_better(self) -> bool:
        """Whether throughput or promptness improves significantly, and neither regresses."""
        improvements = (self.throughput, self.promptness)
        return any(i.is_significant for i in improvements) and not any(
            i.is_regression for i in improvements
        )


def compare_with_default(repeats: Repeats, default: Config) -> list[Comparison]:
    """Compare each candidate with the default; return nothing with fewer than MIN_ROUNDS."""
    base = repeats.get(default, ())
    if len(base) < MIN_ROUNDS:
        return []
    return [
        Comparison(
            config,
            improvement([m.images_s for m in measured], [m.images_s for m in base]),
            improvement([1 / m.p95_s for m in measured], [1 / m.p95_s for m in base]),
        )
        for config, measured in repeats.items()
        if config != default
    ]


def improvement(candidate: Sequence[float], default: Sequence[float]) -> Improvement:
    """Compare values of the same rounds; larger ones are better.

    The scatter is the range of the rounds' own improvements: a machine that slows down for both
    does not change it. Of two equal configurations with independent noise, 3 in 1000 seem better
    with five rounds, and 10 with four (simulated, 200 000 times each).
    """
    changes = [c / d - 1 for c, d in zip(candidate, default, strict=True)]
    return Improvement(statistics.median(changes), max(changes) - min(changes))


def recommend(comparisons: Sequence[Comparison], default: Config) -> Comparison | None:
    """Return the best candidate; None if none is better than the default.

    Of several that cannot be distinguished from the best, the one with the fewest changes.
    """
    better = [comparison for comparison in comparisons if comparison.is_better]
    if not better:
        return None
    best = max(better, key=lambda comparison: comparison.throughput.median).throughput
    equal = [c for c in better if best.median - c.throughput.median <= best.scatter]
    return min(equal, key=lambda comparison: len(comparison.config.changes(default)))
