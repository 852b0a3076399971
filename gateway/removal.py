"""Background removal, independent of any transport: HTTP, gRPC, bulk and CLI all call it."""

from typing import TypedDict, Unpack

import numpy as np

from gateway import results
from gateway.accounts.caller import Caller, account_owner
from gateway.deadline import Deadline
from gateway.errors import BadImage
from gateway.images import matte, memory_cost, pipeline, thumbnail
from gateway.images.files import Files, Headers, read_headers
from gateway.images.pipeline import EncodedResult
from gateway.images.threads import CodecThreads
from gateway.limits.admission import Admission
from gateway.masks.cache import MaskCache
from gateway.models.model import Inference, Priority
from gateway.models.models import Models, ServedModel
from gateway.observability import tracing
from gateway.observability.metrics import IMAGES, MODEL_SECONDS, PIXELS_IN_FLIGHT, STAGE_SECONDS
from gateway.options import Options
from gateway.options.variants import naming_variant
from gateway.results import Result, Segmentation
from gateway.segmenter import Demand, Segmenter
from gateway.settings import Settings

BULK_PART = 0.5
"""Share of the pixels in flight that bulk images may take: interactive ones always find room."""

OWN_STAGES = ("compose", "encode")
"""What each result takes itself; the other stages are those of the image."""


class RemovalArguments(TypedDict, total=False):
    """What a removal may have besides the image and its options."""

    backdrop: bytes | None
    """A further image file; see `Files`, also for the next two."""
    mask: bytes | None
    """With it, the model is not asked."""
    trimap: bytes | None
    """The pixels of all files count."""
    caller: Caller | None
    """Whose limits and usage are charged; None charges nobody."""
    account_id: int
    """Of the image's owner, where there is no caller; 0: of no account."""
    priority: Priority
    """Interactive images, the default, go before bulk ones."""
    deadline: Deadline
    """Default: the settings' `request_timeout_s` from now."""


class Remover:
    """Removes backgrounds with the models of a service, within the limits of the settings.

    Args:
        models: that requests may name.
        settings: the limits.
        masks: finds the masks of images that came before; None: each image is segmented.
    """

    def __init__(self, models: Models, settings: Settings, masks: MaskCache | None = None) -> None:
        self.models = models
        self._settings = settings
        limit = round(settings.max_megapixels_in_flight * 1e6)
        self._admission = Admission(limit, "pixels", PIXELS_IN_FLIGHT)
        self._threads = CodecThreads(settings.codec_threads)
        self._segmenter = Segmenter(self._threads, masks)

    async def remove(
        self, data: bytes, options: Options, **arguments: Unpack[RemovalArguments]
    ) -> Result:
        """Cut the foreground out of an encoded image; see `remove_all`. For one result only."""
        (result,) = await self.remove_all(data, options, **arguments)
        return result

    async def remove_all(
        self, data: bytes, options: Options, **arguments: Unpack[RemovalArguments]
    ) -> tuple[Result, ...]:
        """Return a result for each variant of the options; one, if they have no variants.

        The image is decoded, segmented and charged once.

        Args:
            data: the image file.
            options: parsed.
            **arguments: see RemovalArguments.

        Raises:
            BadImage, TooManyPixels, ImageTooLarge, BadOption: the request must be changed.
            RateLimited: the caller's pixels of this minute are used up.
            Overloaded, ModelUnavailable, DeadlineExceeded: safe to retry.
        """
        caller = arguments.get("caller")
        owner = caller.owner if caller else account_owner(arguments.get("account_id", 0))
        demand = Demand(
            self.models.version_for(owner, self.choose_model(options.model, caller)),
            owner,
            arguments.get("priority", Priority.INTERACTIVE),
            arguments.get("deadline") or Deadline(self._settings.request_timeout_s),
        )
        files = Files(
            data, arguments.get("backdrop"), arguments.get("mask"), arguments.get("trimap")
        )
        with tracing.span("remove", {"clearbg.image.bytes": len(data)}):
            async with demand.deadline.enforced():
                done = await self._remove(files, options, caller, demand)
            result_bytes = sum(len(result.data) for result in done)
            tracing.set_attributes(
                {"clearbg.result.bytes": result_bytes, "clearbg.format": options.format}
            )
            return done

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
        owner = caller.owner if caller else account_owner(0)
        model = self.models.version_for(owner, self.choose_model("", caller))
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
                    inference = await self._segmenter.infer(slot, image, priority)
                confidence = await self._threads.run(matte.confidence, reservation, inference.mask)
        self._count(model.name, inference, caller, inference.seconds)
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
            BadImage: it is damaged.
            Overloaded: too many pixels are in flight.
        """
        opened = await self._threads.run(
            thumbnail.read, None, data, max_pixels=self._settings.max_image_pixels
        )
        largest = max(each.pixels for each in opened)  # they are decoded one after the other
        with self._admission.admit(largest, part=BULK_PART) as held:
            return await self._threads.run(thumbnail.encode, held, opened)

    def close(self) -> None:
        """Wait for running pixel work, and end its threads."""
        self._threads.close()

    async def _remove(
        self, files: Files, options: Options, caller: Caller | None, demand: Demand
    ) -> tuple[Result, ...]:
        lookup = await self._segmenter.look_up(files, options, demand)
        headers = await self._read_headers(files)
        pipeline.check(headers, options)
        limit = self._settings.max_image_pixels
        pixels = memory_cost.pixels(headers, options, limit)
        part = BULK_PART if demand.priority is Priority.BULK else 1.0
        with self._admission.admit(pixels, part=part) as held:
            if caller:
                await caller.spend_pixels(headers.pixels)
            decoded, inference = await self._segmenter.decode_and_segment(
                headers, options, demand, lookup, held
            )
            encoded: list[EncodedResult] = []
            for number, each in options.numbered:
                with naming_variant(number):
                    work = pipeline.compose_and_encode
                    args = decoded, inference.mask, each, limit
                    encoded.append(await self._threads.run(work, held, *args))
        name = "" if headers.mask else demand.model.name
        done = results.build(name, decoded, inference, encoded, options)
        own = [{stage: each.seconds[stage] for stage in OWN_STAGES} for each in done[1:]]
        self._count(name, inference, caller, done[0].seconds, *own)
        return done

    def _count(
        self,
        model: str,
        inference: Inference,
        caller: Caller | None,
        *seconds: dict[str, float],
    ) -> None:
        """Record one image with the stages of its results, and charge the caller."""
        for stage, stage_s in (stage for result in seconds for stage in result.items()):
            STAGE_SECONDS.labels(stage).observe(stage_s, tracing.exemplar())
        IMAGES.labels(inference.device, model, inference.model_version).inc()
        if model:
            MODEL_SECONDS.labels(model, inference.model_version).inc(inference.compute_s)
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
