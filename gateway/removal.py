"""Background removal, free of any transport: what HTTP, the command line and all others call."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.admission import Admission
from gateway.errors import DeadlineExceeded, ImageTooLarge
from gateway.images import compose, decode, encode
from gateway.images.compose import Box
from gateway.images.decode import Header, Pixels
from gateway.metrics import IMAGES, STAGE_SECONDS
from gateway.models.model import Model, Priority
from gateway.options import Format, Options
from gateway.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")

WHITE = (255, 255, 255)
"""Behind a JPEG, which has no transparency, when no colour was asked for."""


@dataclass(frozen=True)
class Result:
    """One finished cut-out."""

    data: bytes
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
    data: bytes
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
        self._admission = Admission(settings.max_megapixels_in_flight)
        self._codecs = ThreadPoolExecutor(settings.codec_threads, "codec")

    async def remove(
        self, data: bytes, options: Options, *, priority: Priority = Priority.INTERACTIVE
    ) -> Result:
        """Cut the foreground out of an encoded image.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge: the caller's to mend.
            Overloaded, ModelUnavailable, DeadlineExceeded: ours; safe to repeat.
        """
        timeout_s = self._settings.request_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                return await self._remove(data, options, priority)
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error

    def close(self) -> None:
        """Stop the codec threads once they are done."""
        self._codecs.shutdown()

    async def _remove(self, data: bytes, options: Options, priority: Priority) -> Result:
        limits = self._settings
        if len(data) > limits.max_image_bytes:
            raise ImageTooLarge(limits.max_image_bytes)
        header = await self._run(decode.read_header, data, max_pixels=limits.max_image_pixels)
        with self._admission.admit(header.megapixels):
            started = time.perf_counter()
            pixels, image, decode_s = await self._run(_decode, header)
            left_s = limits.request_timeout_s - (time.perf_counter() - started)
            inference = await self._model.infer(image, priority=priority, timeout_s=left_s)
            done = await self._run(_finish, pixels, inference.mask, options)
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

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run pixel work in the sized pool: the event loop stays free."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._codecs, lambda: work(*args, **kwargs))


def _decode(header: Header) -> tuple[Pixels, Pixels, float]:
    started = time.perf_counter()
    pixels = decode.decode(header)
    image = decode.model_input(pixels)
    return pixels, image, time.perf_counter() - started


def _finish(pixels: Pixels, mask: NDArray[np.uint8], options: Options) -> _Finished:
    started = time.perf_counter()
    height, width, _ = pixels.shape
    if options.size:
        width, height = options.size.fit(width, height)
    pixels = compose.resize(pixels, width, height)
    matte = compose.alpha(mask, width, height)
    box = compose.foreground_box(matte)
    color = options.bg_color or (WHITE if options.format is Format.JPG else None)
    if color:
        composed = compose.on_color(pixels, matte, color)
    else:
        composed = compose.cutout(pixels, matte)
    composed_at = time.perf_counter()
    data = encode.encode(composed, options.format)
    encode_s = time.perf_counter() - composed_at
    return _Finished(data, width, height, box, composed_at - started, encode_s)
