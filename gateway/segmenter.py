"""Decodes images, and finds a mask for each: the caller's, a cached one, or the model's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.deadline import Deadline
from gateway.images import levels, pipeline
from gateway.images.files import Files, Headers
from gateway.images.pipeline import Decoded
from gateway.images.threads import CodecThreads
from gateway.limits.admission import Reservation
from gateway.masks.cache import Lookup, MaskCache
from gateway.models.model import Inference, InferenceSlot, Priority
from gateway.models.models import ServedModel
from gateway.observability import tracing
from gateway.options import Options

NO_DEVICE = "none"
"""The device of a result whose mask came from the caller."""


@dataclass(frozen=True)
class Demand:
    """What a request wants of a model."""

    model: ServedModel
    owner: str
    """Whose image it is; see `Caller.owner`."""
    priority: Priority
    deadline: Deadline


class Segmenter:
    """Asks a model for the masks that are not known yet.

    Args:
        threads: decode the images.
        masks: finds the masks of images that came before; None: each image is segmented.
    """

    def __init__(self, threads: CodecThreads, masks: MaskCache | None) -> None:
        self._threads, self._masks = threads, masks

    async def look_up(self, files: Files, options: Options, demand: Demand) -> Lookup | None:
        """Look up an image's mask, or else reject an image that the model would finish too late.

        Do it before anything else: reading headers waits for a thread, and rejections must be
        quick.

        Returns:
            What `decode_and_segment` needs.

        Raises:
            Overloaded: the mask would not be finished in time.
        """
        if files.mask is not None:
            return None
        lookup = None
        if self._masks:
            lookup = await self._masks.look_up(
                files.image, options.roi, demand.model, demand.owner, demand.priority
            )
        if not (lookup and lookup.needs_no_queue):
            demand.model.model.check_queue(
                priority=demand.priority, timeout_s=demand.deadline.left_s
            )
        return lookup

    async def decode_and_segment(
        self,
        headers: Headers,
        options: Options,
        demand: Demand,
        lookup: Lookup | None,
        held: Reservation,
    ) -> tuple[Decoded, Inference]:
        """Decode the files, and return them with the mask.

        Raises:
            GatewayError: as `pipeline.decode_images`, `Model.slot` and `InferenceSlot.infer`.
        """
        run, decoded = self._threads.run, None

        async def decode() -> Decoded:
            return await run(pipeline.decode_images, held, headers, options, demand.model.side)

        async def compute() -> Inference:
            nonlocal decoded
            timeout_s, priority = demand.deadline.left_s, demand.priority
            async with demand.model.model.slot(priority=priority, timeout_s=timeout_s) as slot:
                decoded = await decode()
                return await self.infer(slot, decoded.model_input, priority)

        if headers.mask:
            decoded = await decode()
            mask = await run(levels.decode_mask, held, headers.mask)
            return decoded, Inference(mask, NO_DEVICE, "", queue_s=0, compute_s=0)
        if self._masks and lookup:
            inference = await self._masks.find_or_compute(lookup, compute)
        else:
            inference = await compute()
        return decoded or await decode(), inference

    async def infer(
        self, slot: InferenceSlot, image: NDArray[np.uint8], priority: Priority
    ) -> Inference:
        """Run the model on one decoded image; see `InferenceSlot.infer`."""
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
