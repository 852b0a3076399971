"""Whether `clearbg capacity` predicts what this machine does when it is saturated.

`python -m loadtest.check_capacity MEGAPIXELS [PLACE…]`: in each round, costs are measured alone,
images/s are predicted from them, and the core is loaded as far as it goes: with the model in its
process (`cpu`), and through Triton (`triton-cpu`). Rounds take turns, since the machine may be
slower in the next one.
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
from gateway.capacity.plan import together_images_s
from gateway.settings import Settings
from gateway.tuning import photo
from gateway.tuning.bench import Bench
from gateway.tuning.session import Plan, Where

ROUNDS, CONCURRENCY, WARMUP_S, SECONDS = 5, 4, 1.0, 8.0
PLACES: tuple[Where, ...] = ("cpu", "triton-cpu")
COSTS_ROUNDS = 5


def main(megapixels: float, places: Sequence[Where]) -> None:
    """Print a row a round, and the medians."""
    console = Console()
    table = Table("round", "predicted", *(f"{place}, measured, ratio" for place in places))
    ratios: dict[Where, list[float]] = {place: [] for place in places}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        path.write_bytes(photo.scene(megapixels))
        for number in range(ROUNDS):
            predicted = _predicted(megapixels)
            row = []
            for place in places:
                measured = _measured(place, path)
                ratios[place].append(measured / predicted)
                row.append(f"{measured:.2f}, {measured / predicted:.2f}")
            console.print(f"predicted {predicted:.2f}, measured", *row)
            table.add_row(str(number + 1), f"{predicted:.2f}", *row)
    medians = (f"{statistics.median(ratios[place]):.2f}" for place in places)
    table.add_row("median", "", *medians)
    console.print(f"{date.today()}, {os.cpu_count()} cores, {megapixels:g} MP, images/s", table)


def _predicted(megapixels: float) -> float:
    measured = costs.measure(Settings(), rounds=COSTS_ROUNDS)
    return together_images_s(measured, megapixels, os.cpu_count() or 1, transport=False)


def _measured(place: Where, path: Path) -> float:
    settings, folder = Settings(), path.parent
    plan = Plan(settings, folder, CONCURRENCY, WARMUP_S, SECONDS, path)
    plan.where()  # puts Triton's backends together
    bench = Bench(settings, place, folder / "run", path, CONCURRENCY, WARMUP_S, SECONDS)
    return bench.measure(plan.default(place)).images_s


if __name__ == "__main__":
    main(float(sys.argv[1]), [place for place in PLACES if place in sys.argv[2:]] or PLACES)
