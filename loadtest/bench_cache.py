"""`make bench-cache`: further results of a known image, and equal requests at the same time.

    python -m loadtest.bench_cache [ROUNDS]

Rounds are interleaved, so that other work on the machine affects every row equally; the table shows
medians. Ratios are to the first request of an image.
"""

import asyncio
import itertools
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date

import simplejpeg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from gateway.masks import cache
from gateway.models import factory
from gateway.observability.metrics import MASK_LOOKUPS
from gateway.options import Options, parse
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import ROUNDS, SIZES, photo
from serving.cores import available_cores

EQUAL = 10
FIRST, SEPARATE = "first request", "as 3 first requests"
VARIANTS = '[{}, {"size": "1080p", "format": "jpg", "bg_color": "white"}, {"size": "preview"}]'
KNOWN: dict[str, Options] = {
    "known: PNG": parse({}),
    "known: PNG, refine=off": parse({"refine": "off"}),
    "known: JPEG on white": parse({"format": "jpg", "bg_color": "white"}),
    "known: size=1080p": parse({"size": "1080p"}),
    "known: size=preview": parse({"size": "preview"}),
    "known: 3 variants": parse({"variants": VARIANTS}),
}

_numbers = itertools.count()


def new_file(jpeg: bytes) -> bytes:
    """Return the same picture in a file that was not seen before."""
    return jpeg + str(next(_numbers)).encode()


def inferences() -> float:
    """Return how many masks were computed so far."""
    return float(MASK_LOOKUPS.labels("miss")._value.get())


async def measure(remover: Remover, name: str, rounds: int) -> Table:
    """Measure one size of photo."""
    jpeg = simplejpeg.encode_jpeg(photo(*SIZES[name]), quality=90)
    known = new_file(jpeg)
    await remover.remove(known, Options())

    async def separately() -> None:
        for options in parse({"variants": VARIANTS}).variants:
            await remover.remove(new_file(jpeg), options)

    tasks: dict[str, Callable[[], Awaitable[object]]] = {
        FIRST: lambda: remover.remove(new_file(jpeg), Options()),
        SEPARATE: separately,
        "3 variants, first request": lambda: remover.remove_all(
            new_file(jpeg), parse({"variants": VARIANTS})
        ),
    }
    for row, options in KNOWN.items():
        tasks[row] = lambda options=options: remover.remove_all(known, options)  # type: ignore[misc]
    seconds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    asked: dict[str, float] = defaultdict(float)
    for _ in track(range(rounds), name, transient=True):
        for row, task in tasks.items():
            before, wall, cpu = inferences(), time.perf_counter(), time.process_time()
            await task()
            seconds[row].append((time.perf_counter() - wall, time.process_time() - cpu))
            asked[row] += inferences() - before
    return _table(name, seconds, {row: count / rounds for row, count in asked.items()})


def _table(
    name: str, seconds: dict[str, list[tuple[float, float]]], asked: dict[str, float]
) -> Table:
    table = Table(f"{name} JPEG", "wall s", "CPU s", "ratio", "inferences", title=name)
    first_s = statistics.median(wall for wall, _ in seconds[FIRST])
    for row, times in seconds.items():
        wall_s, cpu_s = (statistics.median(column) for column in zip(*times, strict=True))
        figures = f"{wall_s:.3f}", f"{cpu_s:.3f}", f"{wall_s / first_s:.2f}"
        table.add_row(row, *figures, f"{asked[row]:g}")
    return table


async def equal_requests(remover: Remover, name: str) -> str:
    """Send equal requests at the same time, and say how many inferences they took."""
    data = new_file(simplejpeg.encode_jpeg(photo(*SIZES[name]), quality=90))
    before = inferences()
    await asyncio.gather(*(remover.remove(data, Options()) for _ in range(EQUAL)))
    return f"{EQUAL} equal requests at once, {name}: {inferences() - before:g} inference"


async def run(console: Console, rounds: int) -> None:
    """Print all figures."""
    settings = Settings(mask_cache_mb=64, mask_cache_url="")
    models = await factory.open_cpu_models(settings)
    async with cache.opened(settings) as masks:
        remover = Remover(models, settings, masks)
        for name in ("1 MP", "12 MP"):
            console.print(await measure(remover, name, rounds), await equal_requests(remover, name))
        remover.close()
    await models.close()


def main() -> None:
    """Print the date and the machine, then all figures."""
    console = Console()
    console.print(f"{date.today()}, {available_cores()} cores, {platform.machine()}")
    asyncio.run(run(console, int(sys.argv[1]) if sys.argv[1:] else ROUNDS))


if __name__ == "__main__":
    main()
