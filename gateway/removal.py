"""Background removal, free of any transport: what HTTP, the command line and all others call."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from gateway import tracing
from gateway.accounts.gate import Visit
from gateway.admission import Admission, Place
from gateway.errors import BadImage, DeadlineExceeded, ImageTooLarge, TooManyPixels
from gateway.images import footprint, header, matte, steps
from gateway.images.header import Header
from gateway.images.matte import Box
from gateway.metrics import IMAGES, PIXELS_IN_FLIGHT, STAGE_SECONDS
from gateway.models.model import Inference, Model, Priority
from gateway.options import Options
from gateway.settings import Settings
from serving.cpu_runtime import SIDE

P = ParamSpec("P")
R = TypeVar("R")

BULK_PART = 0.5
"""Of the pixels in flight: beside large bulk images is room for those who wait for answers."""


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
class Segmentation:
    """One mask."""

    inference: Inference
    confidence: float
    """As a result's."""


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
        timeout_s = self._settings.request_timeout_s if timeout_s is None else timeout_s
        with tracing.span("remove", {"clearbg.image.bytes": len(data)}):
            try:
                async with asyncio.timeout(timeout_s):
                    done = await self._remove(data, options, backdrop, visit, priority, timeout_s)
            except TimeoutError as error:
                raise DeadlineExceeded(timeout_s) from error
            tracing.note({"clearbg.result.bytes": len(done.data), "clearbg.format": options.format})
            return done

    async def segment(
        self,
        data: bytes,
        *,
        visit: Visit | None = None,
        priority: Priority = Priority.INTERACTIVE,
        timeout_s: float | None = None,
    ) -> Segmentation:
        """Answer the bare mask of a picture that the caller has brought to the model's size.

        Args:
            data: (1024, 1024, 3) levels of sRGB, row by row.
            visit: as for `remove`; 1024 x 1024 pixels are counted.
            priority: likewise.
            timeout_s: likewise.

        Raises:
            BadImage: it has another size.
            GatewayError: as for `remove`.
        """
        if len(data) != SIDE * SIDE * 3:
            raise BadImage(
                f"image must be {SIDE} x {SIDE} x 3 = {SIDE * SIDE * 3} bytes, not {len(data)}."
            )
        image = np.frombuffer(data, np.uint8).reshape(SIDE, SIDE, 3)
        timeout_s = self._settings.request_timeout_s if timeout_s is None else timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                with self._admission.admit(SIDE * SIDE) as place:
                    if visit:
                        await visit.spend_pixels(SIDE * SIDE)
                    inference = await self._infer(image, priority, timeout_s)
                    confidence = await self._run(place, matte.confidence, inference.mask)
        except TimeoutError as error:
            raise DeadlineExceeded(timeout_s) from error
        self._count(inference, {"queue": inference.queue_s, "infer": inference.compute_s}, visit)
        return Segmentation(inference, confidence)

    async def check(self, data: bytes) -> None:
        """Read an image's header, and no more.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge: the caller's to mend.
        """
        await self._read(data)

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
        # First of all: the threads that read images have a queue too, and refusals must be quick.
        self._model.check(priority=priority, timeout_s=timeout_s)
        read = await self._read(data)
        behind = await self._read_backdrop(backdrop) if backdrop is not None else None
        limit = self._settings.max_image_pixels
        pixels = footprint.pixels(read, behind, options, limit)
        part = BULK_PART if priority is Priority.BULK else 1.0
        with self._admission.admit(pixels, part=part) as place:
            if visit:
                await visit.spend_pixels(read.pixels + (behind.pixels if behind else 0))
            decoded = await self._run(place, steps.begin, read, behind, options)
            left_s = timeout_s - (time.perf_counter() - started)
            inference = await self._infer(decoded.picture.model_input, priority, left_s)
            done = await self._run(place, steps.finish, decoded, inference.mask, options, limit)
        seconds = {
            "decode": decoded.seconds,
            "queue": inference.queue_s,
            "infer": inference.compute_s,
            "compose": done.compose_s,
            "encode": done.encode_s,
        }
        self._count(inference, seconds, visit)
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

    async def _infer(
        self, image: NDArray[np.uint8], priority: Priority, timeout_s: float
    ) -> Inference:
        with tracing.span("infer", {"clearbg.priority": priority.name.lower()}):
            inference = await self._model.infer(image, priority=priority, timeout_s=timeout_s)
            tracing.note(
                {
                    "clearbg.device": inference.device,
                    "clearbg.model_version": inference.model_version,
                    "clearbg.queue_s": inference.queue_s,
                }
            )
        return inference

    def _count(self, inference: Inference, seconds: dict[str, float], visit: Visit | None) -> None:
        """A success: it is charged."""
        for stage, stage_s in seconds.items():
            STAGE_SECONDS.labels(stage).observe(stage_s, tracing.exemplar())
        IMAGES.labels(inference.device).inc()
        if visit:
            visit.cut_out()

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
        context = copy_context()  # spans in there belong to the current one
        job = self._codecs.submit(lambda: context.run(work, *args, **kwargs))
        if place:
            place.hold()
            job.add_done_callback(lambda _: loop.call_soon_threadsafe(place.release))
        return await asyncio.wrap_future(job)
