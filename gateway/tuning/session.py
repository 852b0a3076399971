"""One call of the command: what is tuned on this machine, and under which conditions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.settings import Settings
from gateway.tuning.benchmark import Benchmark
from gateway.tuning.budget import Budget
from gateway.tuning.config import Backend, Config, Knob, knobs
from gateway.tuning.journal import NAME, Journal
from gateway.tuning.sweep import Point, Sweep
from gateway.tuning.synthetic_photo import synthetic_photo
from serving import manifest
from serving.cores import available_cores
from serving.tritonserver import TritonNotFound, find_tritonserver

DEFAULT_CONCURRENCY: dict[Backend, int] = {"triton-cpu": 8, "triton-gpu": 32, "cpu": 8}
"""Images in flight: a few batches, so that the next one is always waiting."""


@dataclass(frozen=True)
class Session:
    """The arguments of the command.

    Args:
        settings: of the service.
        folder: for the measurements and the results.
        concurrency: images in flight; 0 for DEFAULT_CONCURRENCY.
        warmup_s: seconds of load before each measurement.
        seconds: seconds of load per measurement.
        image: path of an encoded image; None for a synthetic one of 1 megapixel.
    """

    settings: Settings
    folder: Path
    concurrency: int
    warmup_s: float
    seconds: float
    image: Path | None

    def detect_backend(self) -> tuple[Backend, str]:
        """Return what runs the model, and if this machine has no Triton, why.

        Raises:
            ModelNotBuilt: there is no model to measure.
        """
        manifest.verify(self.settings.model_dir)
        try:
            import gateway.models.triton  # noqa: F401 (an extra: is it installed?)

            found = find_tritonserver(self.settings.tritonserver, self.folder / "run" / "triton")
        except (TritonNotFound, ModuleNotFoundError) as error:
            return "cpu", str(error)
        return ("triton-gpu" if found.device == "gpu" else "triton-cpu"), ""

    def current_config(self, backend: Backend) -> Config:
        """Return the configuration of the settings and the model repository."""
        names = ("cpu_threads", "codec_threads", "max_queue")
        gateway = {name: getattr(self.settings, name) for name in names}
        if backend == "cpu":
            return Config(max_batch_size=1, queue_delay_us=0, instances=1, **gateway)
        from gateway.tuning import repository  # imported here: it needs tritonclient, an extra

        device = backend.removeprefix("triton-")
        return repository.current_config(self.settings.model_repository, device, **gateway)

    def knobs(self, backend: Backend) -> list[Knob]:
        """Return the knobs of this machine."""
        concurrency = self.concurrency or DEFAULT_CONCURRENCY[backend]
        return knobs(self.current_config(backend), backend, available_cores(), concurrency)

    def sweep(
        self,
        backend: Backend,
        selected: list[Knob],
        budget_s: float,
        on_point: Callable[[Point, Config], None],
    ) -> tuple[Sweep, Journal]:
        """Return a sweep that is ready to run, and the journal that it writes.

        Raises:
            JournalMismatch: the folder's journal is damaged, or has other conditions.
            OSError: the folder cannot be written, or the image cannot be read.
        """
        default, run = self.current_config(backend), self.folder / "run"
        run.mkdir(parents=True, exist_ok=True)
        photo = run / "photo"
        photo.write_bytes(self.image.read_bytes() if self.image else synthetic_photo(1))
        load = self.concurrency or DEFAULT_CONCURRENCY[backend]
        benchmark = Benchmark(self.settings, backend, run, photo, load, self.warmup_s, self.seconds)
        journal = Journal(self.folder / NAME, self._conditions(backend, default, load))
        budget = Budget(budget_s)
        measure = budget.timed(benchmark.measure)
        sweep = Sweep(
            default,
            selected,
            lambda config, round_: journal.measure(config, round_, measure),
            budget,
            is_measured=journal.has,
            on_point=on_point,
        )
        return sweep, journal

    def _conditions(self, backend: Backend, default: Config, concurrency: int) -> dict[str, Any]:
        """Return what must be equal for measurements to be comparable."""
        return {
            "where": backend,
            "cores": available_cores(),
            "model": manifest.read(self.settings.model_dir).version,
            "precision": self.settings.precision,
            "photo": str(self.image.resolve()) if self.image else "made, 1 MP",
            "concurrency": concurrency,
            "warmup_s": self.warmup_s,
            "seconds": self.seconds,
            "default": vars(default),
        }
