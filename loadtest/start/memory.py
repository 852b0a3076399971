"""Memory of the service at rest and under load.

It is the proportional set size (PSS) of all processes, of which shared pages count once.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtest.service_under_load import listening_service
from loadtest.start.callers import burst, photos
from loadtest.start.figures import Figure
from tests.end_to_end.service import Service

CALLERS, IMAGES, DISTINCT = 16, 48, 4
PHOTO = (4000, 3000)
SAMPLE_S = 0.2
REST_S = 75.0
"""Seconds until a service is at rest: the fallback's memory is freed after an idle minute."""
REST_MB, LOAD_MB = 1000.0, 1600.0
"""Targets, at most."""


def pss_mb(pid: int) -> float:
    """Return the PSS of a process and its descendants, in megabytes."""
    process = psutil.Process(pid)
    return sum(_pss_bytes(p.pid) for p in (process, *process.children(recursive=True))) / 1e6


def _pss_bytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0  # the process has ended meanwhile
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
    return 1024 * int(found[1]) if found else 0


@dataclass
class Peak:
    """The largest sample so far."""

    mb: float = 0.0


@contextmanager
def watching_peak(pid: int, sample_s: float = SAMPLE_S) -> Iterator[Peak]:
    """Sample the memory every `sample_s` seconds until the block ends."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(sample_s):
            peak.mb = max(peak.mb, pss_mb(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


@dataclass(frozen=True)
class Memory:
    """The measurements, in megabytes of PSS."""

    rest_mb: float
    """After the start, when Triton answers and the fallback's memory is freed."""
    load_mb: float
    """Peak while 16 callers send photos of 12 megapixels."""
    after_mb: float
    """At rest after the load."""
    failed: int
    """Failed requests of the load."""


def measure(folder: Path) -> Memory:
    """Measure a service at rest, under load, and at rest again."""
    with listening_service(folder) as service:
        rest_mb = _at_rest_mb(service)
        images = photos(DISTINCT, *PHOTO) * (IMAGES // DISTINCT)
        with watching_peak(service.process.pid) as peak:
            outcomes = burst(service, images, CALLERS)
        return Memory(rest_mb, peak.mb, _at_rest_mb(service), outcomes.failed)


def _at_rest_mb(service: Service) -> float:
    time.sleep(REST_S)
    return pss_mb(service.process.pid)


def figures(measured: Memory) -> list[Figure]:
    """Return the measurements with their targets."""
    return [
        Figure("PSS at rest", [measured.rest_mb], "MB", REST_MB),
        Figure("peak PSS with 16 callers x 12 MP", [measured.load_mb], "MB", LOAD_MB),
        Figure("PSS at rest after the load", [measured.after_mb], "MB", REST_MB),
        Figure("requests failed under load", [measured.failed], f"of {IMAGES}", 0),
    ]
