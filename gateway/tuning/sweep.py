"""The search: one knob at a time from the default, then the best once more against the default."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gateway.tuning.bench import NotMeasured
from gateway.tuning.budget import Budget
from gateway.tuning.config import Config, Knob
from gateway.tuning.measurement import Measurement

NOTABLE = 1.05
"""A value is taken along to the next knobs if it does so much more: less is noise mostly. All that
was taken along is repeated against the default, as a whole."""
CANDIDATES = 2
"""Repeated against the default."""
ROUNDS, FEWEST_ROUNDS = 5, 4
"""Repeats of each. Fewer than four are too easily alike by chance: see `verdict.gain`."""

SWEEP = "sweep"
"""The round in which each point is measured once."""

Measure = Callable[[Config, str], Measurement]
"""Measures a configuration in a round, which is named."""


@dataclass(frozen=True)
class Point:
    """A configuration that was measured once, and which knob was turned for it."""

    knob: str
    config: Config
    seen: Measurement


@dataclass
class Sweep:
    """What a search has seen.

    Args:
        default: where it begins.
        knobs: in the order in which they are turned.
        measure: may raise NotMeasured.
        budget: what does not fit is left out and told.
        rounds: repeats of each candidate; with fewer than FEWEST_ROUNDS, the default is kept.
        known: says what need not be measured again, and so takes no time.
        told: is called with each point as it is there, and the default.
    """

    default: Config
    knobs: Sequence[Knob]
    measure: Measure
    budget: Budget
    rounds: int = ROUNDS
    known: Callable[[Config, str], bool] = lambda config, round_: False
    told: Callable[[Point, Config], None] = lambda point, default: None
    points: list[Point] = field(default_factory=list)
    left_out: list[tuple[Config, str]] = field(default_factory=list)
    """What was not measured, and why."""
    repeats: dict[Config, list[Measurement]] = field(default_factory=dict)
    """Repeats of the default and of each candidate, side by side."""

    def run(self) -> None:
        """Turn every knob, then repeat the best.

        Raises:
            NotMeasured: the default itself does not run.
        """
        best = self._measured("", self.default)
        for knob in self.knobs:
            known = [point.config for point in self.points]
            turned = [config for config in knob.turned(best.config) if config not in known]
            seen = [point for config in turned if (point := self._try(knob, config))]
            usable = [point for point in seen if not point.seen.refuses]
            fastest = max([best, *usable], key=lambda point: point.seen.images_s)
            if fastest.seen.images_s > NOTABLE * best.seen.images_s:
                best = fastest
        self._repeat(self._candidates(best))

    def _measured(self, knob: str, config: Config) -> Point:
        point = Point(knob, config, self.measure(config, SWEEP))
        self.points.append(point)
        self.told(point, self.default)
        return point

    def _try(self, knob: Knob, config: Config) -> Point | None:
        # Time is kept for the repeats: without them, nothing can be recommended.
        repeats = min(self.rounds, FEWEST_ROUNDS) * (1 + CANDIDATES)
        if not self.known(config, SWEEP) and not self.budget.allows(1, reserved=repeats):
            self.left_out.append((config, "no time left"))
            return None
        try:
            return self._measured(knob.name, config)
        except NotMeasured as error:
            self.left_out.append((config, str(error)))
            return None

    def _candidates(self, best: Point) -> list[Config]:
        """The last one that was taken along, the fastest, and the one of the lowest p95."""
        usable = [point for point in self.points if not point.seen.refuses]
        usable = usable or [best]
        fastest = max(usable, key=lambda point: point.seen.images_s)
        promptest = min(usable, key=lambda point: point.seen.p95_s)
        unique = dict.fromkeys(point.config for point in (best, fastest, promptest))
        return [config for config in unique if config != self.default][:CANDIDATES]

    def _repeat(self, candidates: list[Config]) -> None:
        if not candidates:
            return
        compared = self._compared(candidates)
        for number in range(1, self.rounds + 1):
            # Named by all who take part: a round of others was measured at another time.
            name = self._named(number, compared)
            missing = sum(not self.known(config, name) for config in compared)
            if not self.budget.allows(missing):
                break
            # Turned around every other time, so that a machine that slows down favours nobody.
            order = compared if number % 2 else compared[::-1]
            try:
                seen = {config: self.measure(config, name) for config in order}
            except NotMeasured as error:
                self.left_out.append((self.default, f"round {number}: {error}"))
                continue
            for config in compared:
                self.repeats.setdefault(config, []).append(seen[config])

    def _compared(self, candidates: list[Config]) -> list[Config]:
        """The default and the candidates that were begun with; if none, what there is time for."""
        groups = [[self.default, *candidates[:most]] for most in range(len(candidates), 0, -1)]
        for group in groups:
            if self.known(self.default, self._named(1, group)):
                return group
        fitting = (group for group in groups if self.budget.allows(FEWEST_ROUNDS * len(group)))
        return next(fitting, groups[-1])

    def _named(self, number: int, compared: list[Config]) -> str:
        return f"{number} of {' | '.join(config.told(self.default) for config in compared)}"


def front(points: Sequence[Point]) -> list[Point]:
    """Those that no other one beats, by p95: Pareto's front. Who refuses images is not on it."""
    usable = [point for point in points if not point.seen.refuses]
    best = [p for p in usable if not any(other.seen.beats(p.seen) for other in usable)]
    return sorted(best, key=lambda point: point.seen.p95_s)
