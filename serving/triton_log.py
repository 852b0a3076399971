"""Forwards tritonserver's output to our log."""

import logging
import re
from collections.abc import Iterable

log = logging.getLogger("triton")

GPU_MESSAGES = re.compile("cuda|nvml|dcgm", re.IGNORECASE)
"""Messages of a server built for GPUs on a machine without any."""


def forward(lines: Iterable[str], *, device: str) -> None:
    """Log each line when it arrives: errors, which begin with E, as warnings, others as debug.

    Args:
        lines: the server's output.
        device: on `cpu`, messages about GPUs are dropped, since they look like errors but are none.
    """
    for line in lines:
        if device == "gpu" or not GPU_MESSAGES.search(line):
            log.log(logging.WARNING if line.startswith("E") else logging.DEBUG, line.rstrip())
