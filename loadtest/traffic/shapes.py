"""How the number of users changes during a run: `--users` at most, within `--run-time`."""

import math

from locust import LoadTestShape
from locust.util.timespan import parse_timespan

RAMP_STEPS = 10
WAVE_S = 60.0
DEFAULT_DURATION_S = 120.0


class Shape(LoadTestShape):
    """Base of all shapes."""

    abstract = True
    use_common_options = True

    def share(self, progress: float) -> float:
        """Return the share of the users, 0 to 1, at a progress of the run, 0 to 1."""
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """Return the number of users and the spawn rate, every second; None ends the run."""
        assert self.runner
        options = self.runner.environment.parsed_options
        assert options
        progress = self.get_run_time() / self.duration_s  # type: ignore[no-untyped-call]
        if progress >= 1:
            return None
        users = options.num_users or 1
        # All users spawn at once: Locust does not call this again before they have.
        return max(1, round(users * self.share(progress))), max(users, options.spawn_rate or 1)

    @property
    def duration_s(self) -> float:
        """Duration of the run."""
        assert self.runner
        assert self.runner.environment.parsed_options
        duration = self.runner.environment.parsed_options.run_time or DEFAULT_DURATION_S
        return float(parse_timespan(duration) if isinstance(duration, str) else duration)


class SteadyShape(Shape):
    """All users during the whole run."""

    def share(self, progress: float) -> float:
        """See Shape."""
        return 1.0


class RampShape(Shape):
    """More users in steps, to find the load that saturates the service."""

    def share(self, progress: float) -> float:
        """See Shape."""
        return math.ceil((progress or 1e-9) * RAMP_STEPS) / RAMP_STEPS


class SpikeShape(Shape):
    """Ten times the users during the middle fifth of the run."""

    def share(self, progress: float) -> float:
        """See Shape."""
        return 1.0 if 0.4 <= progress < 0.6 else 0.1


class SoakShape(Shape):
    """For runs of hours: users come and go in waves of a minute, so that connections do too."""

    def share(self, progress: float) -> float:
        """See Shape."""
        return 0.6 + 0.4 * math.sin(2 * math.pi * progress * self.duration_s / WAVE_S)


SHAPES = {"steady": SteadyShape, "ramp": RampShape, "spike": SpikeShape, "soak": SoakShape}
"""By their names on the command line."""
