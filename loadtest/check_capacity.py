"""Compare what `clearbg capacity` predicts with what this machine does when it is saturated.

`python -m loadtest.check_capacity MEGAPIXELS [BACKEND…]`: each round measures the costs, predicts
images/s from them, and then saturates the core: with the model in its process (`cpu`), and through
Triton (`triton-cpu`). The backends alternate, since the machine may be slower in the next round.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.capacity import costs
from gateway.capacity.plan import shared_machine_images_s
from gateway.settings import Settings
from gateway.tuning.benchmark import Benchmark
from gateway.tuning.config import Backend
from gateway.tuning.session import Session
from gateway.tuning.synthetic_photo import synthetic_photo

ROUNDS, CONCURRENCY, WARMUP_S, SECONDS = 5, 4, 1.0, 8.0
BACKENDS: tuple[Backend, ...] = ("cpu", "triton-cpu")
COST_ROUNDS = 5


def main(megapixels: float, backends: Sequence[Backend]) -> None:
    """Print a row for each round, and the medians."""
    console = Console()
    table = Table("round", "predicted", *(f"{name}, measured, ratio" for name in backends))
    ratios: dict[Backend, list[float]] = {backend: [] for backend in backends}
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo"
        photo.write_bytes(synthetic_photo(megapixels))
        for number in range(ROUNDS):
            predicted = _predict(megapixels)
            row = []
            for backend in backends:
                measured = _measure(backend, photo)
                ratios[backend].append(measured / predicted)
                row.append(f"{measured:.2f}, {measured / predicted:.2f}")
            console.print(f"predicted {predicted:.2f}, measured", *row)
            table.add_row(str(number + 1), f"{predicted:.2f}", *row)
    medians = (f"{statistics.median(ratios[backend]):.2f}" for backend in backends)
    table.add_row("median", "", *medians)
    console.print(f"{date.today()}, {os.cpu_count()} cores, {megapixels:g} MP, images/s", table)


def _predict(megapixels: float) -> float:
    measured = costs.measure(Settings(), rounds=COST_ROUNDS)
    return shared_machine_images_s(measured, megapixels, os.cpu_count() or 1, transport=False)


def _measure(backend: Backend, photo: Path) -> float:
    settings, folder = Settings(), photo.parent
    session = Session(settings, folder, CONCURRENCY, WARMUP_S, SECONDS, photo)
    session.detect_backend()  # assembles Triton's backends
    benchmark = Benchmark(settings, backend, folder / "run", photo, CONCURRENCY, WARMUP_S, SECONDS)
    return benchmark.measure(session.current_config(backend)).images_s


if __name__ == "__main__":
    main(float(sys.argv[1]), [name for name in BACKENDS if name in sys.argv[2:]] or BACKENDS)
