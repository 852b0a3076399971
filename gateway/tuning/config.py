"""One choice of all that is tuned, and the values that a sweep tries."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Config:
    """What is tuned: the first three are Triton's, the others CLEARBG_* settings."""

    max_batch_size: int
    """Images that Triton computes together at most."""
    queue_delay_us: int
    """Microseconds that an image waits for others to fill its batch."""
    instances: int
    """Copies of the model, on each GPU or on the CPU."""
    cpu_threads: int
    """OpenVINO's threads for each instance; 0 for one a core."""
    codec_threads: int
    """Threads that decode, compose and encode."""
    max_queue: int
    """Images that may wait for the model."""

    def changes(self, default: "Config") -> dict[str, int]:
        """What differs from the default, by name."""
        before = asdict(default)
        return {name: value for name, value in asdict(self).items() if value != before[name]}

    def told(self, default: "Config") -> str:
        """The same in words."""
        changes = self.changes(default).items()
        return ", ".join(f"{name}={value}" for name, value in changes) or "default"


TRITON = ("max_batch_size", "queue_delay_us", "instances")
"""Names that are Triton's."""

Value = Mapping[str, int]
"""What to set: of OpenVINO's streams two at once, since they share the cores."""


@dataclass(frozen=True)
class Knob:
    """One thing to turn."""

    name: str
    values: tuple[Value, ...]

    def turned(self, config: Config) -> Iterator[Config]:
        """The configurations that differ from this one."""
        for value in self.values:
            if (turned := replace(config, **value)) != config:
                yield turned


def knobs(
    default: Config, where: Literal["triton-cpu", "triton-gpu", "cpu"], cores: int, load: int
) -> list[Knob]:
    """What is worth trying on a machine: at most 20 points, the default included.

    Args:
        default: where the sweep begins.
        where: what runs the model; `cpu`: in the gateway's process.
        cores: of this machine.
        load: images that are asked for at once.
    """
    half = max(1, cores // 2)
    threads = Knob("OpenVINO threads", ({"cpu_threads": half},) if cores > 1 else ())
    gateway = [
        Knob("codec threads", tuple({"codec_threads": n} for n in (1, 2 * cores))),
        # Fewer places than images asked for: what is refused is told, and never recommended.
        Knob("admission", ({"max_queue": max(1, load // 2)},)),
    ]
    if where == "cpu":
        return [threads, *gateway]
    batch = default.max_batch_size
    sizes = (2 * batch, 4 * batch) if where == "triton-cpu" else (max(2, batch // 2), 2 * batch)
    delays_us = (5_000, 50_000) if where == "triton-cpu" else (0, 1_000, 20_000)
    triton = [
        Knob("batch", tuple({"max_batch_size": size} for size in sizes)),
        Knob("queue delay", tuple({"queue_delay_us": delay_us} for delay_us in delays_us)),
    ]
    if where == "triton-gpu":
        return [*triton, Knob("instances", ({"instances": 2}, {"instances": 3})), *gateway]
    # What OpenVINO calls streams: images side by side, each on a part of the cores.
    streams: tuple[Value, ...] = ({"instances": 2}, {"instances": 2, "cpu_threads": half})
    return [*triton, Knob("instances and streams", streams), threads, *gateway]
