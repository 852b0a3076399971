"""How many cores this process may use: fewer than the machine has, in most containers."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def available_cores(root: Path = ROOT) -> int:
    """Return the number of cores for as many busy threads: more would only wait for each other.

    It is the smallest of the machine's cores, those that the process may run on (affinity, as
    `taskset` and cpusets set it), and the CPU quota of its control groups, rounded up: half a core
    more than whole ones is used by a thread of its own.

    Args:
        root: where /proc and /sys are.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min([cores or 1, *map(math.ceil, _quotas(root))]))


def core_limit() -> int | None:
    """Return `available_cores`, or None if the process may use the whole machine.

    Libraries that count cores themselves do that better than we do as long as nothing is forbidden:
    they know which of them share a physical core.
    """
    cores = available_cores()
    return cores if cores < (os.cpu_count() or 1) else None


def _quotas(root: Path) -> Iterator[float]:
    """Yield the CPU quota of each control group that the process is in, in cores."""
    for hierarchy, group in _control_groups(root):
        for parent in (group, *group.parents):  # a quota also limits all groups below
            quota = _quota(hierarchy / parent.relative_to("/"))
            if quota:
                yield quota


def _control_groups(root: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """Yield the root folder and the path of the control groups that may have a quota.

    Source: the manual page cgroups(7). A line is ID:CONTROLLERS:PATH; version 2 has no controllers.
    In a container with a namespace of its own the path is /, and its folder is the root's.
    """
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        mount = root / "sys/fs/cgroup"
        if not controllers:
            yield mount, PurePosixPath(path)
            yield mount / "unified", PurePosixPath(path)  # beside version 1
        elif "cpu" in controllers.split(","):
            # Without a namespace the path is the host's, and the container sees only its own group.
            yield mount / controllers, PurePosixPath(path)
            yield mount / "cpu", PurePosixPath(path)


def _quota(folder: Path) -> float | None:
    """Return the quota of one control group, in cores; None if it has none."""
    limit, _, period = _read(folder / "cpu.max").partition(" ")
    if not limit:
        limit = _read(folder / "cpu.cfs_quota_us")
        period = _read(folder / "cpu.cfs_period_us")
    try:
        return float(limit) / float(period) if float(limit) > 0 else None
    except (ValueError, ZeroDivisionError):  # "max", or there is no such group
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
