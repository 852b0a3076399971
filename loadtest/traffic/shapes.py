"""How the number of users changes during a run. `--users` is the most, `--run-time` the length."""

import math

from locust import LoadTestShape
from locust.util.timespan import parse_timespan

STEPS = 10
WAVE_S = 60.0
DEFAULT_S = 120.0


class Shape(LoadTestShape):
    """Base of all shapes."""

    abstract = True
    use_common_options = True

    def share(self, part: float) -> float:
        """Of the users, 0 to 1, at a part of the run, 0 to 1."""
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """What Locust asks every second; None ends the run."""
        assert self.runner
        options = self.runner.environment.parsed_options
        assert options
        part = self.get_run_time() / self.length_s  # type: ignore[no-untyped-call]
        if part >= 1:
            return None
        users = options.num_users or 1
        # The change is to be there at once: Locust asks for no other number until it is.
        return max(1, round(users * self.share(part))), max(users, options.spawn_rate or 1)

    @property
    def length_s(self) -> float:
        """Of the run."""
        assert self.runner
        assert self.runner.environment.parsed_options
        length = self.runner.environment.parsed_options.run_time or DEFAULT_S
        return float(parse_timespan(length) if isinstance(length, str) else length)


class Steady(Shape):
    """All users from beginning to end."""

    def share(self, part: float) -> float:
        """See Shape."""
        return 1.0


class Ramp(Shape):
    """More and more, in steps: where is the service saturated?"""

    def share(self, part: float) -> float:
        """See Shape."""
        return math.ceil((part or 1e-9) * STEPS) / STEPS


class Spike(Shape):
    """A fifth of the run in the middle has ten times the users of the rest."""

    def share(self, part: float) -> float:
        """See Shape."""
        return 1.0 if 0.4 <= part < 0.6 else 0.1


class Soak(Shape):
    """For hours: users come and go in waves of a minute, so that connections do too."""

    def share(self, part: float) -> float:
        """See Shape."""
        return 0.6 + 0.4 * math.sin(2 * math.pi * part * self.length_s / WAVE_S)


SHAPES = {"steady": Steady, "ramp": Ramp, "spike": Spike, "soak": Soak}
"""By their names on the command line."""
