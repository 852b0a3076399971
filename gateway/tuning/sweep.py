"""The search: one knob at a time from the default, then repeats of the best and the default."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.tuning.benchmark import MeasurementFailed
from gateway.tuning.budget import Budget
from gateway.tuning.config import Config, Knob
from gateway.tuning.measurement import Measurement

NOTABLE_RATIO = 1.05
"""A value is kept for the following knobs if it raises the throughput by this factor: less is
mostly noise. All values that were kept are repeated against the default, as a whole."""
CANDIDATES = 2
"""How many configurations are repeated against the default."""
ROUNDS, MIN_ROUNDS = 5, 4
"""Repeats of each. Fewer than four agree too easily by chance: see `comparison.improvement`."""

SWEEP = "sweep"
"""Name of the round in which each configuration is measured once."""

Measure = Callable[[Config, str], Measurement]
"""Measures a configuration in the round of this name."""


@dataclass(frozen=True)
class Point:
    """A configuration that was measured once, and the knob that led to it; "" for the default."""

    knob: str
    config: Config
    measurement: Measurement


@dataclass
class Sweep:
    """A search and its results.

    Args:
        default: where it begins.
        knobs: in the order in which they are tried.
        measure: may raise MeasurementFailed.
        budget: configurations without time left are skipped.
        rounds: repeats of each candidate; with fewer than MIN_ROUNDS, the default stays.
        is_measured: returns whether a configuration has been measured in a round, so that it takes
            no time.
        on_point: called with each new point and the default.
    """

    default: Config
    knobs: Sequence[Knob]
    measure: Measure
    budget: Budget
    rounds: int = ROUNDS
    is_measured: Callable[[Config, str], bool] = lambda config, round_: False
    on_point: Callable[[Point, Config], None] = lambda point, default: None
    points: list[Point] = field(default_factory=list)
    skipped: list[tuple[Config, str]] = field(default_factory=list)
    """What was not measured, and why."""
    repeats: dict[Config, list[Measurement]] = field(default_factory=dict)
    """Repeats of the default and of each candidate, paired by round."""

    def run(self) -> None:
        """Try every knob, then repeat the best configurations.

        Raises:
            MeasurementFailed: the default itself cannot be measured.
        """
        best = self._measure_point("", self.default)
        for knob in self.knobs:
            tried = [point.config for point in self.points]
            variants = [config for config in knob.variants(best.config) if config not in tried]
            points = [point for config in variants if (point := self._try(knob, config))]
            usable = [point for point in points if not point.measurement.is_overloaded]
            fastest = max([best, *usable], key=lambda point: point.measurement.images_s)
            if fastest.measurement.images_s > NOTABLE_RATIO * best.measurement.images_s:
                best = fastest
        self._repeat(self._candidates(best))

    def _measure_point(self, knob: str, config: Config) -> Point:
        point = Point(knob, config, self.measure(config, SWEEP))
        self.points.append(point)
        self.on_point(point, self.default)
        return point

    def _try(self, knob: Knob, config: Config) -> Point | None:
        # Time is reserved for the repeats: without them, nothing can be recommended.
        repeats = min(self.rounds, MIN_ROUNDS) * (1 + CANDIDATES)
        if not self.is_measured(config, SWEEP) and not self.budget.allows(1, reserved=repeats):
            self.skipped.append((config, "no time left"))
            return None
        try:
            return self._measure_point(knob.name, config)
        except MeasurementFailed as error:
            self.skipped.append((config, str(error)))
            return None

    def _candidates(self, best: Point) -> list[Config]:
        """Return the last configuration that was kept, the fastest, and that of the lowest p95."""
        usable = [point for point in self.points if not point.measurement.is_overloaded]
        usable = usable or [best]
        fastest = max(usable, key=lambda point: point.measurement.images_s)
        promptest = min(usable, key=lambda point: point.measurement.p95_s)
        unique = dict.fromkeys(point.config for point in (best, fastest, promptest))
        return [config for config in unique if config != self.default][:CANDIDATES]

    def _repeat(self, candidates: list[Config]) -> None:
        if not candidates:
            return
        group = self._group(candidates)
        for number in range(1, self.rounds + 1):
            name = self._round_name(number, group)
            missing = sum(not self.is_measured(config, name) for config in group)
            if not self.budget.allows(missing):
                break
            # Every other round is reversed, so that a machine that slows down favours none.
            order = group if number % 2 else group[::-1]
            try:
                measurements = {config: self.measure(config, name) for config in order}
            except MeasurementFailed as error:
                self.skipped.append((self.default, f"round {number}: {error}"))
                continue
            for config in group:
                self.repeats.setdefault(config, []).append(measurements[config])

    def _group(self, candidates: list[Config]) -> list[Config]:
        """Return the default and the candidates to repeat.

        Those of an interrupted sweep are taken again; else as many as there is time for.
        """
        groups = [[self.default, *candidates[:count]] for count in range(len(candidates), 0, -1)]
        for group in groups:
            if self.is_measured(self.default, self._round_name(1, group)):
                return group
        affordable = (group for group in groups if self.budget.allows(MIN_ROUNDS * len(group)))
        return next(affordable, groups[-1])

    def _round_name(self, number: int, group: list[Config]) -> str:
        """Return a name with all members: rounds of other groups were measured at other times."""
        return f"{number} of {' | '.join(config.describe(self.default) for config in group)}"


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other one dominates, by p95; overloaded ones are excluded."""
    usable = [point for point in points if not point.measurement.is_overloaded]
    front = [
        point
        for point in usable
        if not any(other.measurement.dominates(point.measurement) for other in usable)
    ]
    return sorted(front, key=lambda point: point.measurement.p95_s)
