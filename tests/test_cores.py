"""Threads are as many as the cores that the process may use, not those of the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.cores import available_cores, core_limit

THREADS = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from gateway.concurrency import helper_threads
from gateway.images import header
from gateway.settings import Settings
from serving.cpu_runtime import CpuRuntime
settings = Settings()
runtime = CpuRuntime(settings.model_dir)
model = runtime._request.get_compiled_model()
print(settings.codec_threads, model.get_property("INFERENCE_NUM_THREADS"))
print(helper_threads()._max_workers, header.AvifImagePlugin.DEFAULT_MAX_THREADS)
"""


V1 = "12:cpuset:/\n3:cpu,cpuacct:/docker/abc\n0::/"

LIMITED: dict[str, tuple[dict[str, str], int]] = {
    "no control groups": ({}, 64),
    "v2, in a container": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "200000 100000"},
        2,
    ),
    "v2, no quota": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, 64),
    "v2, a part of a core more": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "250000 100000"},
        3,
    ),
    "v2, less than a core": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "10000 100000"},
        1,
    ),
    "v2, more than the machine": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "9000000 100000"},
        64,
    ),
    "v2, a group above": (
        {
            "proc/self/cgroup": "0::/system.slice/clearbg.service",
            "sys/fs/cgroup/system.slice/cpu.max": "400000 100000",
            "sys/fs/cgroup/system.slice/clearbg.service/cpu.max": "max 100000",
        },
        4,
    ),
    "v1, by its own path": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "300000",
            "sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000",
        },
        3,
    ),
    "v1, mounted in a container": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
        2,
    ),
    "v1, no quota": (
        {
            "proc/self/cgroup": V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
        64,
    ),
    "nonsense": ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "a lot"}, 64),
}


@pytest.mark.parametrize(("content", "cores"), LIMITED.values(), ids=LIMITED)
def test_a_quota_of_64_cores_is_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    for name, text in content.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    assert available_cores(tmp_path) == cores


def test_affinity_is_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5})
    assert available_cores(tmp_path) == 2


def test_libraries_are_limited_only_where_the_process_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.cores.available_cores", lambda: 2)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert core_limit() == 2
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert core_limit() is None


@pytest.mark.real
def test_a_process_on_one_core_starts_one_thread_everywhere() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "1", "5", "1"]
