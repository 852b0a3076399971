"""One call of the command: what is tuned on this machine, and under which conditions."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gateway.settings import Settings
from gateway.tuning import photo
from gateway.tuning.bench import Bench
from gateway.tuning.budget import Budget
from gateway.tuning.config import Config, Knob, knobs
from gateway.tuning.journal import NAME, Journal
from gateway.tuning.sweep import Point, Sweep
from serving import manifest
from serving.tritonserver import TritonNotFound, find

Where = Literal["triton-cpu", "triton-gpu", "cpu"]
LOADS = {"triton-cpu": 8, "triton-gpu": 32, "cpu": 8}
"""Images at once unless said otherwise: a few batches, so that the next one always waits."""


@dataclass(frozen=True)
class Plan:
    """What the command was told.

    Args:
        settings: those of the service.
        folder: for what is measured and found.
        concurrency: images at once; 0 for LOADS.
        warmup_s: seconds of load that are dropped.
        seconds: of load a point.
        image: an encoded one; None makes one of 1 megapixel.
    """

    settings: Settings
    folder: Path
    concurrency: int
    warmup_s: float
    seconds: float
    image: Path | None

    def where(self) -> tuple[Where, str]:
        """What runs the model: a Triton of this machine; if there is none, why.

        Raises:
            ModelNotBuilt: there is no model to measure.
        """
        manifest.verify(self.settings.model_dir)
        try:
            import gateway.models.triton  # noqa: F401 (an extra: is it there?)

            found = find(self.settings.tritonserver, self.folder / "run" / "triton")
        except (TritonNotFound, ModuleNotFoundError) as error:
            return "cpu", str(error)
        return ("triton-gpu" if found.device == "gpu" else "triton-cpu"), ""

    def default(self, where: Where) -> Config:
        """What the settings and the model repository say now."""
        names = ("cpu_threads", "codec_threads", "max_queue")
        gateway = {name: getattr(self.settings, name) for name in names}
        if where == "cpu":
            return Config(max_batch_size=1, queue_delay_us=0, instances=1, **gateway)
        from gateway.tuning import repository  # here: it needs tritonclient, an extra

        device = where.removeprefix("triton-")
        return repository.default(self.settings.model_repository, device, **gateway)

    def knobs(self, where: Where) -> list[Knob]:
        """Those of this machine."""
        load = self.concurrency or LOADS[where]
        return knobs(self.default(where), where, os.cpu_count() or 1, load)

    def sweep(
        self,
        where: Where,
        turned: list[Knob],
        budget_s: float,
        told: Callable[[Point, Config], None],
    ) -> tuple[Sweep, Journal]:
        """A search that is ready to run, and what it writes down as it goes.

        Raises:
            JournalRefused: the folder has one that was begun otherwise.
            OSError: the folder cannot be written, or the image cannot be read.
        """
        default, run = self.default(where), self.folder / "run"
        run.mkdir(parents=True, exist_ok=True)
        path = run / "photo"
        path.write_bytes(self.image.read_bytes() if self.image else photo.scene(1))
        load = self.concurrency or LOADS[where]
        bench = Bench(self.settings, where, run, path, load, self.warmup_s, self.seconds)
        journal = Journal(self.folder / NAME, self._conditions(where, default, load))
        budget = Budget(budget_s)
        measure = budget.timed(bench.measure)
        sweep = Sweep(default, turned, lambda c, r: journal.measure(c, r, measure), budget)
        sweep.known, sweep.told = journal.knows, told
        return sweep, journal

    def _conditions(self, where: Where, default: Config, load: int) -> dict[str, Any]:
        """What must be the same for measurements to be compared."""
        return {
            "where": where,
            "cores": os.cpu_count(),
            "model": manifest.read(self.settings.model_dir).version,
            "precision": self.settings.precision,
            "photo": str(self.image.resolve()) if self.image else "made, 1 MP",
            "concurrency": load,
            "warmup_s": self.warmup_s,
            "seconds": self.seconds,
            "default": vars(default),
        }
