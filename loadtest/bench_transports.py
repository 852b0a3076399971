"""`make bench-transports`: CPU seconds of the gateway per image over HTTP and gRPC, no model."""

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
from loadtest.service_process import ServiceProcess, stored_mask_service

ROUNDS = 15
PHOTOS = {"1 MP": (1224, 816, 32), "12 MP": (4243, 2828, 6)}
"""Width, height, and images per round. They are sent one after the other: concurrent images cost
more each, and how many overlap depends on the client."""

Send = Callable[[bytes], Awaitable[object]]


def encoded(width: int, height: int) -> bytes:
    """Return a JPEG with the quality of a camera's."""
    return bytes(simplejpeg.encode_jpeg(photo(width, height), quality=90))


async def cpu_s_per_image(service: ServiceProcess, send: Send, image: bytes, images: int) -> float:
    """Send an image several times, and return the service's mean CPU seconds."""
    before = service.cpu_s()
    for _ in range(images):
        await send(image)
    return (service.cpu_s() - before) / images


async def main() -> None:
    """Print the medians of interleaved rounds."""
    table = Table("photo", "HTTP s", "gRPC s", "gRPC stream s", "gRPC / HTTP", "stream / HTTP")
    with tempfile.TemporaryDirectory() as folder, stored_mask_service(Path(folder)) as service:
        async with (
            AsyncClient(service.http_url, service.key) as http,
            AsyncClient(f"grpc://{service.grpc_target}", service.key) as grpc,
        ):
            calls = (http.remove, grpc.remove, grpc.remove_streamed)
            for name, (width, height, images) in PHOTOS.items():
                image = encoded(width, height)
                rounds = [
                    [await cpu_s_per_image(service, call, image, images) for call in calls]
                    for _ in range(ROUNDS + 1)
                ][1:]  # the first one warms up
                medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
                ratios = [
                    statistics.median(row[call] / row[0] for row in rounds) for call in (1, 2)
                ]
                table.add_row(
                    name, *(f"{s:.4f}" for s in medians), *(f"{ratio:.3f}" for ratio in ratios)
                )
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(main())
