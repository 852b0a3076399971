"""Measures one configuration: writes its repository, starts a subject, and takes what it says."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.ports import free_port
from gateway.settings import Settings
from gateway.tuning.config import TRITON, Config
from gateway.tuning.measurement import Measurement
from serving.tritonserver import die_with_parent

GRACE_S = 400.0
"""Beyond the load itself: for the start, a GPU's warm-up included, and the end."""


class NotMeasured(Exception):
    """A configuration did not run. The message is the subject's last words."""


@dataclass(frozen=True)
class Bench:
    """One machine, one photo, one load.

    Args:
        settings: those of the service.
        where: what runs the model; see `config.knobs`.
        folder: for what a subject needs; its caches are kept there.
        photo: path of an image.
        concurrency: images that are asked for at once.
        warmup_s: seconds of load that are dropped.
        seconds: of load that count.
    """

    settings: Settings
    where: Literal["triton-cpu", "triton-gpu", "cpu"]
    folder: Path
    photo: Path
    concurrency: int
    warmup_s: float
    seconds: float

    def measure(self, config: Config) -> Measurement:
        """Run a configuration once.

        Raises:
            NotMeasured: it does not start, or fails under load.
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
                raise NotMeasured(f"it took more than {error.timeout:.0f} s") from error
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise NotMeasured(said[-1])
        return Measurement(**json.loads(done.stdout.splitlines()[-1]))

    def command(self) -> list[str]:
        """What is run, in an environment that makes it the configuration."""
        load = (self.concurrency, self.warmup_s, self.seconds)
        return [sys.executable, "-m", "gateway.tuning.subject", *map(str, (self.photo, *load))]

    def _environment(self, config: Config, repository: Path) -> dict[str, str]:
        repository_used = self.settings.model_repository
        if self.where != "cpu":
            from gateway.tuning.repository import copy  # here: it needs tritonclient, an extra

            copy(repository_used, repository, self.where.removeprefix("triton-"), config)
            repository_used = repository
        settings = {
            **{name: v for name, v in vars(config).items() if name not in TRITON},
            "triton": "off" if self.where == "cpu" else "embedded",
            "cpu_fallback": "off",
            "data_dir": self.folder,
            "model_repository": repository_used.resolve(),
            "triton_grpc_port": free_port(),
            "triton_metrics_port": free_port(),
            "request_timeout_s": 120,
            "max_megapixels_in_flight": 1e6,
            "log_level": "error",
        }
        ours = {f"CLEARBG_{name.upper()}": str(value) for name, value in settings.items()}
        return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | ours
