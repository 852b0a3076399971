"""`make bench-transports`: CPU seconds of the gateway an image, model excluded: HTTP and gRPC."""

import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import simplejpeg
import uvloop
from rich.console import Console
from rich.table import Table

from gateway.client import AsyncClient
from loadtest.bench import photo
from loadtest.subject import Subject, stored

ROUNDS = 15
PHOTOS = {"1 MP": (1224, 816, 32), "12 MP": (4243, 2828, 6)}
"""Width, height, and images a round: one after the other, since two that share the cores cost more
each, and which ones do depends on the client."""

Send = Callable[[bytes], Awaitable[object]]


def encoded(width: int, height: int) -> bytes:
    """A JPEG as a camera writes it."""
    return bytes(simplejpeg.encode_jpeg(photo(width, height), quality=90))


async def spent_s(subject: Subject, send: Send, image: bytes, images: int) -> float:
    """CPU seconds of the service for each of so many images."""
    before = subject.cpu_s()
    for _ in range(images):
        await send(image)
    return (subject.cpu_s() - before) / images


async def main() -> None:
    """Print the medians of interleaved rounds."""
    table = Table("photo", "HTTP s", "gRPC s", "gRPC stream s", "gRPC / HTTP", "stream / HTTP")
    with tempfile.TemporaryDirectory() as folder, stored(Path(folder)) as subject:
        async with (
            AsyncClient(subject.http_url, subject.key) as http,
            AsyncClient(f"grpc://{subject.grpc_target}", subject.key) as grpc,
        ):
            ways = (http.remove, grpc.remove, grpc.remove_streamed)
            for name, (width, height, images) in PHOTOS.items():
                image = encoded(width, height)
                rounds = [
                    [await spent_s(subject, send, image, images) for send in ways]
                    for _ in range(ROUNDS + 1)
                ][1:]  # the first one warms up
                medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
                ratios = [statistics.median(row[way] / row[0] for row in rounds) for way in (1, 2)]
                table.add_row(
                    name, *(f"{s:.4f}" for s in medians), *(f"{ratio:.3f}" for ratio in ratios)
                )
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(main())
