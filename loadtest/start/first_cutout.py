"""Seconds to the first cut-out, and megabytes on disk; every round begins with empty caches."""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.start.disk import disk_usage_mb
from loadtest.start.figures import Figure
from loadtest.start.fresh_clone import FreshClone, RunningClone

FIRST_S, DISK_MB, WARM_S, TRITON_S = 60.0, 1300.0, 3.0, 5.0
"""Targets for the medians."""
TRITON_TIMEOUT_S = 60.0
POLL_S = 0.5
"""Pause between requests, which take cores from the Triton that is starting."""


@dataclass(frozen=True)
class Round:
    """The measurements of one round. Seconds count from `make run`."""

    first_s: float
    """To the first cut-out, including downloads."""
    cached_s: float
    """To the first cut-out in another clone, with the caches of the first one."""
    warm_s: float
    """To the first answer of the second start."""
    triton_s: float
    """To the first answer by Triton after the second start; infinite if there was none."""
    clone_mb: float
    cache_mb: float
    both_mb: float
    """Both together; files that are hard-linked in both count once."""


def measure(rounds: int, report: Callable[[str], None]) -> list[Round]:
    """Measure all rounds, one after the other.

    Args:
        rounds: how many.
        report: called with a line after each round.

    Raises:
        NotStarted: `make run` failed.
    """
    measured: list[Round] = []
    for number in range(1, rounds + 1):
        with tempfile.TemporaryDirectory(prefix="clearbg-start-") as folder:
            measured.append(_measure_round(Path(folder)))
        report(f"round {number} of {rounds}: first cut-out after {measured[-1].first_s:.1f} s")
    return measured


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """Return the measurements with their targets."""
    return [
        Figure("first cut-out, caches empty", [r.first_s for r in rounds], "s", FIRST_S),
        Figure("first cut-out, caches warm", [r.cached_s for r in rounds], "s"),
        Figure("warm start to first answer", [r.warm_s for r in rounds], "s", WARM_S),
        Figure("warm start to Triton's answer", [r.triton_s for r in rounds], "s", TRITON_S),
        Figure("disk: the clone's folder", [r.clone_mb for r in rounds], "MB", DISK_MB),
        Figure("disk: caches", [r.cache_mb for r in rounds], "MB"),
        Figure("disk: both, hard links once", [r.both_mb for r in rounds], "MB"),
    ]


def _measure_round(folder: Path) -> Round:
    home = folder / "home"
    clone = FreshClone(folder / "first", home)
    first_s = _first_cutout_s(clone)
    sizes = disk_usage_mb(clone.folder), disk_usage_mb(home), disk_usage_mb(clone.folder, home)
    with clone.running() as service:
        service.run_curl()
        warm_s = service.elapsed_s
        triton_s = _triton_answer_s(service)
    return Round(
        first_s, _first_cutout_s(FreshClone(folder / "second", home)), warm_s, triton_s, *sizes
    )


def _first_cutout_s(clone: FreshClone) -> float:
    with clone.running() as service:
        service.run_curl()
        return service.elapsed_s


def _triton_answer_s(service: RunningClone) -> float:
    while service.elapsed_s < TRITON_TIMEOUT_S:
        if service.device().startswith("triton"):
            return service.elapsed_s
        time.sleep(POLL_S)
    return math.inf
