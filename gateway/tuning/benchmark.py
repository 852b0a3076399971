"""Measures one configuration, in a process that is started for it."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gateway.network.ports import free_port
from gateway.settings import Settings
from gateway.tuning.config import TRITON_NAMES, Backend, Config
from gateway.tuning.measurement import Measurement
from serving.manifest import DEFAULT
from serving.tritonserver import die_with_parent

GRACE_S = 400.0
"""Time limit of the process beyond the load itself: for the start, with a GPU's warm-up, and the
end."""


class MeasurementFailed(Exception):
    """A configuration did not start, or failed under load. The message is the process's error."""


@dataclass(frozen=True)
class Benchmark:
    """A machine, a photo and a load, with which any configuration can be measured.

    Args:
        settings: of the service.
        backend: what runs the model.
        folder: data folder of the measured processes; they share its caches.
        photo: path of the image to cut out.
        concurrency: images in flight.
        warmup_s: seconds of load before the measurement.
        seconds: seconds of load that are measured.
    """

    settings: Settings
    backend: Backend
    folder: Path
    photo: Path
    concurrency: int
    warmup_s: float
    seconds: float

    def measure(self, config: Config) -> Measurement:
        """Run a configuration once.

        Raises:
            MeasurementFailed: it does not start, fails under load, or takes too long.
        """
        with tempfile.TemporaryDirectory() as repository:
            try:
                done = subprocess.run(
                    self.command(),
                    env=self._environment(config, Path(repository)),
                    capture_output=True,
                    text=True,
                    timeout=GRACE_S + self.warmup_s + self.seconds,
                    preexec_fn=die_with_parent,
                )
            except subprocess.TimeoutExpired as error:
                raise MeasurementFailed(f"it took more than {error.timeout:.0f} s") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise MeasurementFailed(lines[-1])
        return Measurement(**json.loads(done.stdout.splitlines()[-1]))

    def command(self) -> list[str]:
        """Return the command of the process; its environment holds the configuration."""
        arguments = (self.photo, self.concurrency, self.warmup_s, self.seconds)
        return [sys.executable, "-m", "gateway.tuning.benchmark_process", *map(str, arguments)]

    def _environment(self, config: Config, repository_copy: Path) -> dict[str, str]:
        repository = self.settings.model_repository
        if self.backend != "cpu":
            # Imported here: it needs tritonclient, an extra.
            from gateway.tuning.repository import copy_with_config

            device = self.backend.removeprefix("triton-")
            copy_with_config(repository, repository_copy, device, config)
            repository = repository_copy
        settings = {
            **{name: v for name, v in vars(config).items() if name not in TRITON_NAMES},
            "triton": "off" if self.backend == "cpu" else "embedded",
            "cpu_fallback": "off",
            "data_dir": self.folder,
            "model_repository": repository.resolve(),
            "model": DEFAULT,
            "triton_grpc_port": free_port(),
            "triton_metrics_port": free_port(),
            "request_timeout_s": 120,
            "max_megapixels_in_flight": 1e6,
            "log_level": "error",
        }
        variables = {f"CLEARBG_{name.upper()}": str(value) for name, value in settings.items()}
        return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | variables
