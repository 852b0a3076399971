"""`make soak`, second part: memory of the gateway and Triton over 500 images."""

import asyncio
import sys

import psutil
import simplejpeg
from rich.console import Console
from rich.table import Table

from gateway.options import Options
from loadtest.bench import photo
from loadtest.bench_triton import PHOTO, embedded_triton
from loadtest.chaos import python_stub, tritonserver

IMAGES, CONCURRENCY, SAMPLES = 500, 4, 5


async def main() -> None:
    """Print the memory after each fifth of the images."""
    data = simplejpeg.encode_jpeg(photo(*PHOTO), quality=90)
    table = Table("images", "gateway MB", "tritonserver MB", "python stub MB")
    async with embedded_triton() as (remover, _):
        processes = (psutil.Process(), tritonserver(), python_stub())
        semaphore = asyncio.Semaphore(CONCURRENCY)

        async def remove() -> None:
            async with semaphore:
                await remover.remove(data, Options())

        await asyncio.gather(*(remove() for _ in range(20)))
        for done in range(0, IMAGES + 1, IMAGES // SAMPLES):
            table.add_row(str(done), *(f"{p.memory_info().rss / 1e6:.0f}" for p in processes))
            if done < IMAGES:
                await asyncio.gather(*(remove() for _ in range(IMAGES // SAMPLES)))
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    asyncio.run(main())
