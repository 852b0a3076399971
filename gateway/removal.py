"""Background removal, free of any transport: what HTTP, the command line and all others call."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway.accounts.gate import Visit
from gateway.admission import Admission, Place
from gateway.errors import BadImage, DeadlineExceeded, ImageTooLarge, TooManyPixels
from gateway.images import compose, decode, encode, footprint, geometry, header, matte
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
    confidence: float
    """How sure the model is of what it kept, 0 to 1; see `matte.confidence`."""
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
    confidence: float
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
        backdrop: bytes | None = None,
        visit: Visit | None = None,
        priority: Priority = Priority.INTERACTIVE,
        timeout_s: float | None = None,
    ) -> Result:
        """Cut the foreground out of an encoded image.

        Args:
            data: the file.
            options: as parsed.
            backdrop: the file of a picture to lay behind the foreground; its pixels count too.
            visit: who asks, to be counted and charged; None is nobody's business.
            priority: interactive images go before bulk ones.
            timeout_s: seconds to wait; default: the settings' request deadline.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge, BadOption: the caller's to mend.
            RateLimited: the caller's pixels are used up.
            Overloaded, ModelUnavailable, DeadlineExceeded: ours; safe to repeat.
        """
        timeout_s = timeout_s or self._settings.request_timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                result = await self._remove(data, options, backdrop, visit, priority, timeout_s)
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error
        if visit:
            visit.cut_out()
        return result

    def close(self) -> None:
        """Stop the codec threads once they are done."""
        self._codecs.shutdown()

    async def _remove(
        self,
        data: bytes,
        options: Options,
        backdrop: bytes | None,
        visit: Visit | None,
        priority: Priority,
        timeout_s: float,
    ) -> Result:
        started = time.perf_counter()
        read = await self._read(data)
        behind = await self._read_backdrop(backdrop) if backdrop is not None else None
        limit = self._settings.max_image_pixels
        with self._admission.admit(footprint.pixels(read, behind, options, limit)) as place:
            if visit:
                await visit.spend_pixels(read.pixels + (behind.pixels if behind else 0))
            decoded = await self._run(place, _decode, read, behind, options)
            left_s = timeout_s - (time.perf_counter() - started)
            inference = await self._model.infer(
                decoded.picture.model_input, priority=priority, timeout_s=left_s
            )
            done = await self._run(place, _finish, decoded, inference.mask, options, limit)
        seconds = {
            "decode": decoded.seconds,
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
            confidence=done.confidence,
            seconds=seconds,
            model_version=inference.model_version,
            device=inference.device,
        )

    async def _read(self, data: bytes) -> Header:
        limits = self._settings
        if len(data) > limits.max_image_bytes:
            raise ImageTooLarge(limits.max_image_bytes)
        return await self._run(None, header.read, data, max_pixels=limits.max_image_pixels)

    async def _read_backdrop(self, data: bytes) -> Header:
        try:
            return await self._read(data)
        except (BadImage, TooManyPixels) as error:
            raise type(error)(f"The background: {error}", error.code) from error

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


@dataclass(frozen=True)
class _Decoded:
    picture: Picture
    backdrop: Picture | None
    seconds: float


def _decode(read: Header, behind: Header | None, options: Options) -> _Decoded:
    started = time.perf_counter()
    size = options.result_size(*read.size)
    encode.check_side(options.format, *size)
    picture = decode.decode(read, size, options.roi)
    backdrop = None
    if behind:
        # It is enlarged only when it is laid behind, if at all.
        across, down = geometry.cover_size(*behind.size, *size)
        backdrop = decode.decode(behind, (min(across, behind.size[0]), min(down, behind.size[1])))
    return _Decoded(picture, backdrop, time.perf_counter() - started)


def _finish(
    decoded: _Decoded, mask: NDArray[np.uint8], options: Options, max_pixels: int
) -> _Finished:
    started = time.perf_counter()
    done = compose.compose(decoded.picture, mask, options, decoded.backdrop, max_pixels)
    composed_at = time.perf_counter()
    height, width, _ = done.pixels.shape
    if options.is_matte:
        data = encode.matte(done.pixels, options.format, dpi=done.dpi)
    else:
        data = encode.encode(done.pixels, options.format, opaque=done.opaque, dpi=done.dpi)
    return _Finished(
        data=data,
        width=width,
        height=height,
        foreground=done.foreground,
        confidence=matte.confidence(mask),
        compose_s=composed_at - started,
        encode_s=time.perf_counter() - composed_at,
    )
