"""A service with a stored mask in a process of its own, whose CPU time and memory can be read."""

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
class ServiceProcess:
    """A running `loadtest.stored_mask_service`."""

    http_url: str
    grpc_target: str
    key: str
    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the CPU seconds used so far, by the process's own clock: psutil rounds to 10 ms.

        The clock's id is computed from the process id as Linux's posix-timers does
        (CPUCLOCK_SCHED).
        """
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def rss_bytes(self) -> int:
        """Return the resident memory."""
        return int(self.process.memory_info().rss)


@contextmanager
def stored_mask_service(
    data_dir: Path, *flags: str, **settings: object
) -> Iterator[ServiceProcess]:
    """Run a service until the block ends.

    Args:
        data_dir: its data folder.
        *flags: those of `loadtest.stored_mask_service`.
        **settings: of the service, by their names in lower case.
    """
    ports = {name: free_port() for name in ("http_port", "grpc_port", "operations_port")}
    settings = {"data_dir": data_dir, "mask_cache_mb": 0, **ports, **settings}
    variables = {f"CLEARBG_{name.upper()}": str(value) for name, value in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "loadtest.stored_mask_service", *flags],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            key = process.stdout.readline().strip()
            assert key, "the service did not start"
            yield ServiceProcess(
                http_url=f"http://127.0.0.1:{ports['http_port']}",
                grpc_target=f"127.0.0.1:{ports['grpc_port']}",
                key=key,
                process=psutil.Process(process.pid),
            )
        finally:
            process.terminate()
