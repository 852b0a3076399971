"""Background removal, independent of any transport: HTTP, gRPC, bulk and CLI all call it."""

import numpy as np
from numpy.typing import NDArray

from gateway import results
from gateway.accounts.caller import Caller
from gateway.deadline import Deadline
from gateway.errors import BadImage
from gateway.images import header, levels, matte, memory_cost, pipeline, thumbnail
from gateway.images.files import Files, Headers, read_headers
from gateway.images.pipeline import Decoded
from gateway.images.threads import CodecThreads
from gateway.limits.admission import Admission, Reservation
from gateway.models.model import Inference, InferenceSlot, Priority
from gateway.models.models import Models, ServedModel
from gateway.observability import tracing
from gateway.observability.metrics import IMAGES, MODEL_SECONDS, PIXELS_IN_FLIGHT, STAGE_SECONDS
from gateway.options import Options
from gateway.results import Result, Segmentation
from gateway.settings import Settings

NO_DEVICE = "none"
"""The device of a result whose mask came from the caller."""
BULK_PART = 0.5
"""Share of the pixels in flight that bulk images may take: interactive ones always find room."""


class Remover:
    """Removes backgrounds with the models of a service, within the limits of the settings."""

    def __init__(self, models: Models, settings: Settings) -> None:
        self.models = models
        self._settings = settings
        limit = round(settings.max_megapixels_in_flight * 1e6)
        self._admission = Admission(limit, "pixels", PIXELS_IN_FLIGHT)
        self._threads = CodecThreads(settings.codec_threads)

    async def remove(
        self,
        data: bytes,
        options: Options,
        *,
        backdrop: bytes | None = None,
        mask: bytes | None = None,
        trimap: bytes | None = None,
        caller: Caller | None = None,
        priority: Priority = Priority.INTERACTIVE,
        deadline: Deadline | None = None,
    ) -> Result:
        """Cut the foreground out of an encoded image.

        Args:
            data: the image file.
            options: parsed.
            backdrop: a further image file; see `Files`, also for the next two.
            mask: with it, the model is not asked.
            trimap: the pixels of all files count.
            caller: whose limits and usage are charged; None charges nobody.
            priority: interactive images go before bulk ones.
            deadline: default: the settings' `request_timeout_s` from now.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge, BadOption: the request must be changed.
            RateLimited: the caller's pixels of this minute are used up.
            Overloaded, ModelUnavailable, DeadlineExceeded: safe to retry.
        """
        deadline = deadline or Deadline(self._settings.request_timeout_s)
        with tracing.span("remove", {"clearbg.image.bytes": len(data)}):
            async with deadline.enforced():
                files = Files(data, backdrop, mask, trimap)
                result = await self._remove(files, options, caller, priority, deadline)
            tracing.set_attributes(
                {"clearbg.result.bytes": len(result.data), "clearbg.format": options.format}
            )
            return result

    async def segment(
        self, data: bytes, *, caller: Caller | None = None, deadline: Deadline | None = None
    ) -> Segmentation:
        """Return the mask of a picture that is already at the size of the caller's default model.

        Args:
            data: (side, side, 3) levels of sRGB, row by row; 1024 for IS-Net.
            caller: as in `remove`; side x side pixels are counted.
            deadline: as in `remove`.

        Raises:
            BadImage: it has another size.
            GatewayError: as in `remove`.
        """
        model = self.choose_model("", caller)
        side = model.side
        if len(data) != side * side * 3:
            raise BadImage(
                f"image must be {side} x {side} x 3 = {side * side * 3} bytes, not {len(data)}."
            )
        image = np.frombuffer(data, np.uint8).reshape(side, side, 3)
        deadline = deadline or Deadline(self._settings.request_timeout_s)
        async with deadline.enforced():
            with self._admission.admit(side * side) as reservation:
                if caller:
                    await caller.spend_pixels(side * side)
                priority = Priority.INTERACTIVE
                async with model.model.slot(priority=priority, timeout_s=deadline.left_s) as slot:
                    inference = await self._infer(slot, image, priority)
                confidence = await self._threads.run(matte.confidence, reservation, inference.mask)
        seconds = {"queue": inference.queue_s, "infer": inference.compute_s}
        self._count(model.name, inference, seconds, caller)
        return Segmentation(inference, confidence)

    def choose_model(self, name: str, caller: Caller | None) -> ServedModel:
        """Return the model of a request; see `Models.choose`.

        Raises:
            BadOption: there is no such model, or the caller may not use it.
        """
        return self.models.choose(name, caller.key.models if caller else None)

    async def check(self, data: bytes) -> None:
        """Read an image's header and check it against the limits.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge: the request must be changed.
        """
        await self._read_headers(Files(data))

    async def thumbnail(self, data: bytes) -> bytes:
        """Return a small WebP of a result; see `thumbnail.encode`. It is work that can wait.

        Raises:
            BadImage: it is no image, such as a ZIP.
            Overloaded: too many pixels are in flight.
        """
        opened = await self._threads.run(
            header.read, None, data, max_pixels=self._settings.max_image_pixels
        )
        with self._admission.admit(opened.pixels, part=BULK_PART) as held:
            return await self._threads.run(thumbnail.encode, held, opened)

    def close(self) -> None:
        """Wait for running pixel work, and end its threads."""
        self._threads.close()

    async def _remove(
        self,
        files: Files,
        options: Options,
        caller: Caller | None,
        priority: Priority,
        deadline: Deadline,
    ) -> Result:
        model = self.choose_model(options.model, caller)
        if files.mask is None:
            # First of all: reading headers waits for a thread, and rejections must be quick.
            model.model.check_queue(priority=priority, timeout_s=deadline.left_s)
        headers = await self._read_headers(files)
        limit = self._settings.max_image_pixels
        pixels = memory_cost.pixels(headers, options, limit)
        part = BULK_PART if priority is Priority.BULK else 1.0
        with self._admission.admit(pixels, part=part) as held:
            if caller:
                await caller.spend_pixels(headers.pixels)
            decoded, inference = await self._decode_and_infer(
                headers, options, model, held, priority, deadline
            )
            done = await self._threads.run(
                pipeline.compose_and_encode, held, decoded, inference.mask, options, limit
            )
        name = "" if headers.mask else model.name
        result = results.build(name, decoded, inference, done, options)
        self._count(name, inference, result.seconds, caller)
        return result

    async def _decode_and_infer(
        self,
        headers: Headers,
        options: Options,
        model: ServedModel,
        held: Reservation,
        priority: Priority,
        deadline: Deadline,
    ) -> tuple[Decoded, Inference]:
        """Decode the files, and return the model's mask or the caller's."""
        run = self._threads.run
        if headers.mask:
            decoded = await run(pipeline.decode_images, held, headers, options, model.side)
            mask = await run(levels.decode_mask, held, headers.mask)
            return decoded, Inference(mask, NO_DEVICE, "", queue_s=0, compute_s=0)
        async with model.model.slot(priority=priority, timeout_s=deadline.left_s) as slot:
            decoded = await run(pipeline.decode_images, held, headers, options, model.side)
            return decoded, await self._infer(slot, decoded.picture.model_input, priority)

    async def _infer(
        self, slot: InferenceSlot, image: NDArray[np.uint8], priority: Priority
    ) -> Inference:
        with tracing.span("infer", {"clearbg.priority": priority.name.lower()}):
            inference = await slot.infer(image)
            tracing.set_attributes(
                {
                    "clearbg.device": inference.device,
                    "clearbg.model_version": inference.model_version,
                    "clearbg.queue_s": inference.queue_s,
                }
            )
        return inference

    def _count(
        self,
        model: str,
        inference: Inference,
        seconds: dict[str, float],
        caller: Caller | None,
    ) -> None:
        """Record a success in the metrics, and charge the caller."""
        for stage, stage_s in seconds.items():
            STAGE_SECONDS.labels(stage).observe(stage_s, tracing.exemplar())
        IMAGES.labels(inference.device, model).inc()
        if model:
            MODEL_SECONDS.labels(model).inc(inference.compute_s)
        if caller:
            caller.charge_image()

    async def _read_headers(self, files: Files) -> Headers:
        limits = self._settings
        return await self._threads.run(
            read_headers,
            None,
            files,
            max_bytes=limits.max_image_bytes,
            max_pixels=limits.max_image_pixels,
        )
