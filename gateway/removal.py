"""Background removal, free of any transport: what HTTP, the command line and all others call."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.admission import Admission, Place
from gateway.errors import DeadlineExceeded, ImageTooLarge
from gateway.images import compose, decode, encode, header
from gateway.images.header import Header
from gateway.images.matte import Box
from gateway.images.picture import Picture
from gateway.metrics import IMAGES, PIXELS_IN_FLIGHT, STAGE_SECONDS
from gateway.models.model import Model, Priority
from gateway.options import Options
from gateway.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Result:
    """One finished cut-out."""

    data: bytes = field(repr=False)  # megabytes that asyncio's own messages would spell out
    media_type: str
    width: int
    height: int
    foreground: Box | None
    """None when nothing was found."""
    seconds: dict[str, float]
    """By stage: decode, queue, infer, compose, encode."""
    model_version: str
    device: str


@dataclass(frozen=True)
class _Finished:
    data: bytes = field(repr=False)
    width: int
    height: int
    foreground: Box | None
    compose_s: float
    encode_s: float


class Remover:
    """Removes backgrounds with one model, within the limits of the settings."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        limit = round(settings.max_megapixels_in_flight * 1e6)
        self._admission = Admission(limit, "pixels", PIXELS_IN_FLIGHT)
        self._codecs = ThreadPoolExecutor(settings.codec_threads, "codec")

    async def remove(
        self,
        data: bytes,
        options: Options,
        *,
        priority: Priority = Priority.INTERACTIVE,
        timeout_s: float | None = None,
    ) -> Result:
        """Cut the foreground out of an encoded image.

        Args:
            data: the file.
            options: as parsed.
            priority: interactive images go before bulk ones.
            timeout_s: seconds to wait; default: the settings' request deadline.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge: the caller's to mend.
            Overloaded, ModelUnavailable, DeadlineExceeded: ours; safe to repeat.
        """
        timeout_s = timeout_s or self._settings.request_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await self._remove(data, options, priority, timeout_s)
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error

    def close(self) -> None:
        """Stop the codec threads once they are done."""
        self._codecs.shutdown()

    async def _remove(
        self, data: bytes, options: Options, priority: Priority, timeout_s: float
    ) -> Result:
        started = time.perf_counter()
        limits = self._settings
        if len(data) > limits.max_image_bytes:
            raise ImageTooLarge(limits.max_image_bytes)
        read = await self._run(None, header.read, data, max_pixels=limits.max_image_pixels)
        with self._admission.admit(read.pixels) as place:
            picture, decode_s = await self._run(place, _decode, read, options)
            left_s = timeout_s - (time.perf_counter() - started)
            inference = await self._model.infer(
                picture.model_input, priority=priority, timeout_s=left_s
            )
            done = await self._run(place, _finish, picture, inference.mask, options)
        seconds = {
            "decode": decode_s,
            "queue": inference.queue_s,
            "infer": inference.compute_s,
            "compose": done.compose_s,
            "encode": done.encode_s,
        }
        for stage, stage_s in seconds.items():
            STAGE_SECONDS.labels(stage).observe(stage_s)
        IMAGES.labels(inference.device).inc()
        return Result(
            data=done.data,
            media_type=options.format.media_type,
            width=done.width,
            height=done.height,
            foreground=done.foreground,
            seconds=seconds,
            model_version=inference.model_version,
            device=inference.device,
        )

    async def _run(
        self, place: Place | None, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run pixel work in the sized pool: the event loop stays free."""
        loop = asyncio.get_running_loop()
        job = self._codecs.submit(work, *args, **kwargs)
        if place:
            place.hold()
            job.add_done_callback(lambda _: loop.call_soon_threadsafe(place.release))
        return await asyncio.wrap_future(job)


def _decode(read: Header, options: Options) -> tuple[Picture, float]:
    started = time.perf_counter()
    size = options.result_size(*read.size)
    encode.check_side(options.format, *size)
    picture = decode.decode(read, size)
    return picture, time.perf_counter() - started


def _finish(picture: Picture, mask: NDArray[np.uint8], options: Options) -> _Finished:
    started = time.perf_counter()
    background = options.background
    box = compose.compose(picture, mask, background)
    composed_at = time.perf_counter()
    opaque = background is not None and background[3] == 255
    data = encode.encode(picture.pixels, options.format, opaque=opaque, dpi=picture.dpi)
    encode_s = time.perf_counter() - composed_at
    return _Finished(data, picture.width, picture.height, box, composed_at - started, encode_s)
