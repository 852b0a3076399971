"""`make bench-controls`: CPU time of each edge control and correction, per megapixel.

Rounds are interleaved, so that other work on the machine affects every row equally; the table shows
medians of what each option adds to the same picture without it.
"""

import statistics
import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from gateway.images import decode, masking
from gateway.images.corrections import NONE, Corrections
from gateway.images.picture import Picture
from gateway.options import Options, parse
from loadtest.bench import SIZES, photo
from serving.manifest import SIDE

ROUNDS = 9
OPTIONS = (
    *({"invert": "true"}, {"threshold": "50"}, {"smooth": "2px"}, {"smooth": "1%"}),
    *({"smooth": "5%"}, {"expand": "2px"}, {"expand": "-2px"}, {"expand": "10px"}),
    *({"expand": "100px"}, {"feather": "2px"}, {"feather": "1%"}, {"feather": "5%"}),
)


def soft_disc(width: int, height: int) -> NDArray[np.uint8]:
    """Return the mask of a disc with a soft edge, (height, width)."""
    rows, columns = np.ogrid[:height, :width]
    distance = np.hypot((rows + 0.5) / height - 0.5, (columns + 0.5) / width - 0.5)
    return (np.clip((0.35 - distance) * 100 + 0.5, 0, 1) * 255).astype(np.uint8)


def measure(size: tuple[int, int]) -> dict[str, float]:
    """Return the seconds that each option adds to a picture of a size, and those without any."""
    width, height = size
    pixels = np.dstack((photo(width, height), np.full((height, width), 255, np.uint8)))
    picture = Picture(pixels, True, decode.model_input(pixels, SIDE, opaque=True), None)
    small, large = soft_disc(1024, 1024), soft_disc(width, height)
    jobs: dict[str, tuple[NDArray[np.uint8], Options, Corrections]] = {
        "nothing": (small, Options(), NONE),
        **{_name(fields): (small, parse(fields), NONE) for fields in OPTIONS},
        "mask of the result's size": (large, Options(), Corrections(has_mask=True)),
        "trimap": (small, Options(), Corrections(trimap=np.full((999, 999), 128, np.uint8))),
    }
    rounds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            rounds[name].append(_seconds(picture, *job))
    without = rounds["nothing"]
    added = {
        name: statistics.median(a - b for a, b in zip(times, without, strict=True))
        for name, times in rounds.items()
    }
    return added | {"nothing": statistics.median(without)}


def _name(fields: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items())


def _seconds(
    picture: Picture, mask: NDArray[np.uint8], options: Options, corrections: Corrections
) -> float:
    fresh = replace(picture, pixels=picture.pixels.copy())
    started = time.process_time()
    masking.apply(fresh, mask, options, corrections)
    return time.process_time() - started


def main() -> None:
    """Print the table."""
    table = Table("option", *(f"{name}, ms" for name in SIZES), "ms per MP at 50 MP")
    columns = {name: measure(size) for name, size in SIZES.items()}
    megapixels = SIZES["50 MP"][0] * SIZES["50 MP"][1] / 1e6
    for option in columns["50 MP"]:
        times_ms = [1000 * column[option] for column in columns.values()]
        cells = [f"{time_ms:.1f}" for time_ms in times_ms]
        table.add_row(option, *cells, f"{times_ms[-1] / megapixels:.2f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
