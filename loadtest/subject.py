"""A service under test, in a process of its own, with what it costs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtest.ports import free_port


@dataclass
class Subject:
    """A running `loadtest.stored_service`."""

    http_url: str
    grpc_target: str
    key: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """Seconds of CPU that it has used so far, by its own clock: psutil counts in hundredths.

        The clock's number is as Linux's posix-timers makes it of a process id (CPUCLOCK_SCHED).
        """
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def rss_bytes(self) -> int:
        """Memory that it holds now."""
        return int(self.process.memory_info().rss)


@contextmanager
def stored(data_dir: Path, *flags: str, **settings: object) -> Iterator[Subject]:
    """Run one until the block ends; see `stored_service` for its flags."""
    ports = {name: free_port() for name in ("http_port", "grpc_port", "operations_port")}
    chosen = {"data_dir": data_dir, **ports, **settings}
    with subprocess.Popen(
        [sys.executable, "-m", "loadtest.stored_service", *flags],
        env=os.environ | {f"CLEARBG_{name.upper()}": str(value) for name, value in chosen.items()},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            key = process.stdout.readline().strip()
            assert key, "the service did not start"
            yield Subject(
                http_url=f"http://127.0.0.1:{ports['http_port']}",
                grpc_target=f"127.0.0.1:{ports['grpc_port']}",
                key=key,
                process=psutil.Process(process.pid),
            )
        finally:
            process.terminate()
