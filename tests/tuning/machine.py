"""A simulated machine, which is measured in no time: a formula with noise."""

import random
from collections.abc import Callable

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement

DEFAULT = Config(
    max_batch_size=2, queue_delay_us=0, instances=1, cpu_threads=0, codec_threads=2, max_queue=64
)


class SimulatedMachine:
    """Measures by a formula.

    Args:
        images_s: the true throughput of each configuration.
        noise: relative standard deviation of the measured throughput.
        concurrency: images in flight: by Little's law, latency is this divided by throughput.
        seed: of the noise.
    """

    def __init__(
        self,
        images_s: Callable[[Config], float],
        noise: float = 0.0,
        seed: int = 0,
        concurrency: int = 8,
    ) -> None:
        self._images_s, self._noise, self._concurrency = images_s, noise, concurrency
        self._random = random.Random(seed)
        self.measured: list[Config] = []

    def measure(self, config: Config) -> Measurement:
        self.measured.append(config)
        images_s = self._images_s(config) * self._random.gauss(1, self._noise)
        refused = 50 if config.max_queue < self._concurrency else 0
        delay_s = self._concurrency / images_s
        return Measurement(
            images_s,
            delay_s,
            delay_s * 1.2,
            images=100,
            refused=refused,
            batches={"1": 20, "2": 40},
        )

    def in_round(self, config: Config, round_: str) -> Measurement:
        return self.measure(config)
