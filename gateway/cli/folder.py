"""A folder of images, several at once, with a progress bar."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from gateway.cli.console import err
from gateway.cli.files import write
from gateway.cli.remover import Remove
from gateway.client import Asked, Problem
from gateway.errors import GatewayError
from gateway.together import together

SUFFIXES = "jpg jpeg png webp gif bmp tif tiff avif heic heif".split()
"""Of files that are taken for images."""


def images(folder: Path) -> list[Path]:
    """The images of a folder, those below it left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower().removeprefix(".") in SUFFIXES
    )


async def cut_out(
    paths: Sequence[Path], target: Path, asked: Asked, ask: Remove, *, at_once: int
) -> int:
    """Cut out all, and write each result as soon as it is there.

    Args:
        paths: of the images.
        target: the folder for the results.
        asked: what to do with each.
        ask: does it.
        at_once: how many at once.

    Returns:
        How many failed; each one is told.
    """
    stems = Counter(path.stem for path in paths)

    async def one(path: Path) -> Exception | None:
        # Two images may differ in their suffix only.
        stem = path.stem if stems[path.stem] == 1 else path.name
        try:
            done = await ask(await asyncio.to_thread(path.read_bytes), asked)
        except (Problem, GatewayError, OSError) as error:
            return error
        await asyncio.to_thread(write, target / f"{stem}.{asked['format']}", done.image)
        return None

    failed = 0
    with Progress(console=err) as bar:
        task = bar.add_task("cutting out", total=len(paths))
        async for path, problem in together(paths, one, at_once=at_once):
            bar.advance(task)
            if problem:
                failed += 1
                err.print(f"{path}: {problem}", markup=False, style="red")
    return failed
