"""Writes serving/quantization.npz from a folder of pictures, in minutes."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from gateway.settings import Settings
from loadtest.int8 import pictures
from loadtest.int8.observe import layers, observe
from loadtest.int8.pictures import Image
from loadtest.int8.ranges import Search
from serving import manifest, quantization


def main(
    folder: Annotated[Path, typer.Argument(help="Varied pictures: photos, drawings, plants.")],
    output: Annotated[Path, typer.Option(help="Default: the file that the build uses.")] = (
        quantization.FILE
    ),
) -> None:
    """Calibrate on each picture and on a changed one of it."""
    built = manifest.read(Settings().model_dir)
    ir = Settings().model_dir / built.ir[0]
    seen = observe(ir, track(list(_twice(folder)), "Observing"))
    Search(layers(ir), seen).run(built.source["sha256"]).save(output)


def _twice(folder: Path) -> Iterator[Image]:
    chance = random.Random(1)
    for _, image in pictures.read(folder):
        yield image
        yield pictures.changed(image, chance)


if __name__ == "__main__":
    typer.run(main)
