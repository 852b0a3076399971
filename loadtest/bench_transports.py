"""`make bench-transports`: CPU seconds of the gateway an image, model excluded: HTTP and gRPC."""

import asyncio
import statistics
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import httpx
import simplejpeg
import uvloop
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from rich.console import Console
from rich.table import Table

from loadtest.bench import photo
from loadtest.subject import Subject, stored

ROUNDS, CONCURRENCY = 15, 1
PHOTOS = {"1 MP": (1224, 816, 32), "12 MP": (4243, 2828, 8)}
"""Width, height, and images a round."""
MAX_BYTES = 100 * 2**20

Send = Callable[[bytes], Awaitable[object]]


def encoded(width: int, height: int) -> bytes:
    """A JPEG as a camera writes it."""
    return bytes(simplejpeg.encode_jpeg(photo(width, height), quality=90))


async def spent_s(subject: Subject, send: Send, image: bytes, images: int) -> float:
    """CPU seconds of the service for each of so many images, some at once."""
    places = asyncio.Semaphore(CONCURRENCY)

    async def one() -> None:
        async with places:
            await send(image)

    before = subject.cpu_s()
    await asyncio.gather(*(one() for _ in range(images)))
    return (subject.cpu_s() - before) / images


async def main() -> None:
    """Print the medians of interleaved rounds."""
    table = Table("photo", "HTTP", "gRPC", "gRPC stream", "gRPC / HTTP", "stream / HTTP")
    options = [("grpc.max_receive_message_length", MAX_BYTES), ("grpc.http2.max_frame_size", 2**20)]
    with (
        tempfile.TemporaryDirectory() as folder,
        stored(Path(folder), grpc_stream_images=CONCURRENCY) as subject,
    ):
        async with (
            httpx.AsyncClient(base_url=subject.http_url, timeout=60) as http,
            grpc.aio.insecure_channel(subject.grpc_target, options=options) as channel,
        ):
            stub = BackgroundRemovalServiceStub(channel)
            metadata = (("x-api-key", subject.key),)
            headers = {"X-API-Key": subject.key}

            async def by_http(image: bytes) -> None:
                answer = await http.post("/v1/removebg", headers=headers, files={"image": image})
                answer.raise_for_status()

            async def by_grpc(image: bytes) -> None:
                request = pb.RemoveBackgroundRequest(image=image)
                await stub.RemoveBackground(request, metadata=metadata)

            async def streamed_s(image: bytes, images: int) -> float:
                request = pb.RemoveBackgroundStreamRequest(
                    request=pb.RemoveBackgroundRequest(image=image)
                )
                before = subject.cpu_s()
                answers = stub.RemoveBackgroundStream(iter([request] * images), metadata=metadata)
                async for answer in answers:
                    assert answer.HasField("result"), answer.problem
                return (subject.cpu_s() - before) / images

            for name, (width, height, images) in PHOTOS.items():
                image = encoded(width, height)
                rounds = []
                for _ in range(ROUNDS + 1):
                    rounds.append(
                        (
                            await spent_s(subject, by_http, image, images),
                            await spent_s(subject, by_grpc, image, images),
                            await streamed_s(image, images),
                        )
                    )
                measured = rounds[1:]  # the first one warms up
                medians = [statistics.median(column) for column in zip(*measured, strict=True)]
                ratios = [
                    statistics.median(row[column] / row[0] for row in measured) for column in (1, 2)
                ]
                table.add_row(
                    name, *(f"{value:.4f}" for value in medians), *(f"{r:.3f}" for r in ratios)
                )
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(main())
