"""A machine that is measured in no time: it does what a formula says, and then some noise."""

import random
from collections.abc import Callable

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement

DEFAULT = Config(
    max_batch_size=2, queue_delay_us=0, instances=1, cpu_threads=0, codec_threads=2, max_queue=64
)


class Machine:
    """Measures by a formula.

    Args:
        images_s: what each configuration really does.
        noise: standard deviation of what is seen of it, as a part of it.
        load: images at once: by Little's law, latency is this by images_s.
    """

    def __init__(
        self, images_s: Callable[[Config], float], noise: float = 0.0, seed: int = 0, load: int = 8
    ) -> None:
        self._images_s, self._noise, self._load = images_s, noise, load
        self._random = random.Random(seed)
        self.asked: list[Config] = []

    def measure(self, config: Config) -> Measurement:
        self.asked.append(config)
        seen = self._images_s(config) * self._random.gauss(1, self._noise)
        refused = 50 if config.max_queue < self._load else 0
        delay_s = self._load / seen
        return Measurement(
            seen, delay_s, delay_s * 1.2, images=100, refused=refused, batches={"1": 20, "2": 40}
        )

    def in_round(self, config: Config, round_: str) -> Measurement:
        return self.measure(config)
