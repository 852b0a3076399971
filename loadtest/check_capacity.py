"""Whether `clearbg capacity` predicts what this machine does when it is saturated.

`python -m loadtest.check_capacity [MEGAPIXELS]`: in each round, costs are measured alone, images/s
are predicted from them, and the core is loaded as far as it goes, with the model in its process
and through Triton. Rounds take turns, since the machine may be slower in the next one.
"""

import os
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway.capacity import costs
from gateway.capacity.plan import together_images_s
from gateway.settings import Settings
from gateway.tuning import photo
from gateway.tuning.bench import Bench
from gateway.tuning.session import Plan, Where

ROUNDS, CONCURRENCY, WARMUP_S, SECONDS = 5, 4, 1.0, 8.0
PLACES: tuple[Where, ...] = ("cpu", "triton-cpu")


def main(megapixels: float) -> None:
    """Print a row a round, and the medians."""
    table = Table("round", "predicted", *(f"{place}, measured, ratio" for place in PLACES))
    ratios: dict[Where, list[float]] = {place: [] for place in PLACES}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        path.write_bytes(photo.scene(megapixels))
        for number in range(ROUNDS):
            predicted = _predicted(megapixels)
            row = []
            for place in PLACES:
                measured = _measured(place, path)
                ratios[place].append(measured / predicted)
                row.append(f"{measured:.2f}, {measured / predicted:.2f}")
            table.add_row(str(number + 1), f"{predicted:.2f}", *row)
    medians = (f"{statistics.median(ratios[place]):.2f}" for place in PLACES)
    table.add_row("median", "", *medians)
    console = Console()
    console.print(f"{date.today()}, {os.cpu_count()} cores, {megapixels:g} MP, images/s", table)


def _predicted(megapixels: float) -> float:
    measured = costs.measure(Settings(), rounds=5)
    return together_images_s(measured, megapixels, os.cpu_count() or 1, transport=False)


def _measured(place: Where, path: Path) -> float:
    settings, folder = Settings(), path.parent
    plan = Plan(settings, folder, CONCURRENCY, WARMUP_S, SECONDS, path)
    plan.where()  # puts Triton's backends together
    bench = Bench(settings, place, folder / "run", path, CONCURRENCY, WARMUP_S, SECONDS)
    return bench.measure(plan.default(place)).images_s


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 1.0)
