"""Whether repeats bear out that a configuration is better than the default."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement
from gateway.tuning.sweep import FEWEST_ROUNDS

Rounds = Mapping[Config, Sequence[Measurement]]


@dataclass(frozen=True)
class Gain:
    """A median gain of paired rounds, and the scatter that it must exceed; both as parts of 1."""

    median: float
    scatter: float

    @property
    def real(self) -> bool:
        """Whether it is more than noise."""
        return self.median > self.scatter

    @property
    def loss(self) -> bool:
        """Whether it is a loss that is more than noise."""
        return -self.median > self.scatter

    def __str__(self) -> str:
        return f"{100 * self.median:+.1f} % (scatter {100 * self.scatter:.1f} %)"


@dataclass(frozen=True)
class Verdict:
    """One candidate against the default."""

    config: Config
    throughput: Gain
    promptness: Gain
    """By p95: how much shorter it is."""

    @property
    def better(self) -> bool:
        """Whether one of both is really gained, and the other not really lost."""
        gains = (self.throughput, self.promptness)
        return any(gain.real for gain in gains) and not any(gain.loss for gain in gains)


def judge(rounds: Rounds, default: Config) -> list[Verdict]:
    """Compare each candidate with the default; too few rounds say nothing."""
    base = rounds.get(default, ())
    if len(base) < FEWEST_ROUNDS:
        return []
    return [
        Verdict(
            config,
            gain([m.images_s for m in seen], [m.images_s for m in base]),
            gain([1 / m.p95_s for m in seen], [1 / m.p95_s for m in base]),
        )
        for config, seen in rounds.items()
        if config != default
    ]


def gain(candidate: Sequence[float], default: Sequence[float]) -> Gain:
    """How much larger the candidate's values are than the default's of the same rounds.

    Scatter is the range of the rounds' own gains: a machine that slows down for both drops out of
    it. Of two equal configurations with independent noise, 3 in 1000 pass with five rounds, and 10
    with four (simulated, 200 000 times each).
    """
    gains = [c / d - 1 for c, d in zip(candidate, default, strict=True)]
    return Gain(statistics.median(gains), max(gains) - min(gains))


def recommended(verdicts: Sequence[Verdict], default: Config) -> Verdict | None:
    """The best of those that are better; None: the default stays.

    Of those that cannot be told from the best, the one that changes least.
    """
    better = [verdict for verdict in verdicts if verdict.better]
    if not better:
        return None
    best = max(better, key=lambda verdict: verdict.throughput.median).throughput
    alike = [v for v in better if best.median - v.throughput.median <= best.scatter]
    return min(alike, key=lambda verdict: len(verdict.config.changes(default)))
