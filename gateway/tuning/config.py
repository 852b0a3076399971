"""The configuration that is tuned, and the values that a sweep tries."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal

Backend = Literal["triton-cpu", "triton-gpu", "cpu"]
"""What runs the model: Triton on a CPU or a GPU, or the CPU in the gateway's process."""


@dataclass(frozen=True)
class Config:
    """A value for each tuned setting: the first three are Triton's, the others CLEARBG_*."""

    max_batch_size: int
    """Largest batch that Triton runs."""
    queue_delay_us: int
    """Microseconds that Triton waits for a batch to fill."""
    instances: int
    """Instances of the model, per GPU or on the CPU."""
    cpu_threads: int
    """OpenVINO's threads per instance; 0 for one per core."""
    codec_threads: int
    """Threads that decode, compose and encode."""
    max_queue: int
    """Images that may wait for the model."""

    def changes(self, default: "Config") -> dict[str, int]:
        """Return the values that differ from the default, by name."""
        before = asdict(default)
        return {name: value for name, value in asdict(self).items() if value != before[name]}

    def describe(self, default: "Config") -> str:
        """Return the changes as text: `instances=2, cpu_threads=1`, or `default`."""
        changes = self.changes(default).items()
        return ", ".join(f"{name}={value}" for name, value in changes) or "default"


TRITON_NAMES = ("max_batch_size", "queue_delay_us", "instances")
"""Names of the settings of Triton."""

Change = Mapping[str, int]
"""Values to set. Several at once where they depend on each other: instances share the cores."""


@dataclass(frozen=True)
class Knob:
    """One tuned setting, and the values to try."""

    name: str
    changes: tuple[Change, ...]

    def variants(self, config: Config) -> Iterator[Config]:
        """Yield a configuration for each value that differs from the current one."""
        for change in self.changes:
            if (variant := replace(config, **change)) != config:
                yield variant


def knobs(default: Config, backend: Backend, cores: int, concurrency: int) -> list[Knob]:
    """Return what to try on a machine: at most 20 configurations, including the default.

    Args:
        default: where the sweep begins.
        backend: what runs the model.
        cores: of this machine.
        concurrency: images in flight.
    """
    half = max(1, cores // 2)
    threads = Knob("OpenVINO threads", ({"cpu_threads": half},) if cores > 1 else ())
    gateway = [
        Knob("codec threads", tuple({"codec_threads": n} for n in (1, 2 * cores))),
        # Too small for the load: rejections are reported, and such a value is not recommended.
        Knob("admission", ({"max_queue": max(1, concurrency // 2)},)),
    ]
    if backend == "cpu":
        return [threads, *gateway]
    batch = default.max_batch_size
    on_cpu = backend == "triton-cpu"
    sizes = (2 * batch, 4 * batch) if on_cpu else (max(2, batch // 2), 2 * batch)
    delays_us = (5_000, 50_000) if on_cpu else (0, 1_000, 20_000)
    triton = [
        Knob("batch", tuple({"max_batch_size": size} for size in sizes)),
        Knob("queue delay", tuple({"queue_delay_us": delay_us} for delay_us in delays_us)),
    ]
    if backend == "triton-gpu":
        return [*triton, Knob("instances", ({"instances": 2}, {"instances": 3})), *gateway]
    # What OpenVINO calls streams: images in parallel, each on a part of the cores.
    streams: tuple[Change, ...] = ({"instances": 2}, {"instances": 2, "cpu_threads": half})
    return [*triton, Knob("instances and streams", streams), threads, *gateway]
