"""What the core returns: a cut-out, or a bare mask."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.images.matte import Box
from gateway.images.pipeline import Decoded, EncodedResult
from gateway.models.model import Inference
from gateway.options import Options


@dataclass(frozen=True)
class Result:
    """One finished cut-out."""

    data: bytes = field(repr=False)  # megabytes that asyncio's own messages would spell out
    media_type: str
    width: int
    height: int
    foreground: Box | None
    """None if nothing was found."""
    confidence: float
    """How sure the model is of what it kept, 0 to 1; see `matte.confidence`."""
    seconds: dict[str, float]
    """By stage: decode, queue, infer, compose, encode. A cached mask has the stage cache instead of
    queue and infer, and the caller's has none of these."""
    model_version: str
    """Empty if the mask came from the caller."""
    device: str
    """That of the model, `cache`, or `none`."""
    model: str
    """Name of the model; empty if the mask came from the caller."""


@dataclass(frozen=True)
class Segmentation:
    """One mask."""

    inference: Inference
    confidence: float
    """As in `Result`."""


def build(
    model: str,
    decoded: Decoded,
    inference: Inference,
    encoded: Sequence[EncodedResult],
    options: Options,
) -> tuple[Result, ...]:
    """Return the results of an image, of what each step has returned.

    Args:
        model: its name; empty if the mask came from the caller.
        decoded: the picture.
        inference: the mask.
        encoded: the cut-outs, in the order of the variants.
        options: of the request.
    """
    shared = {"decode": decoded.seconds, **(inference.seconds if model else {})}
    return tuple(
        Result(
            data=done.data,
            media_type=each.format.media_type,
            width=done.width,
            height=done.height,
            foreground=done.foreground,
            confidence=done.confidence,
            seconds={**shared, "compose": done.compose_s, "encode": done.encode_s},
            model_version=inference.model_version,
            device=inference.device,
            model=model,
        )
        for done, (_, each) in zip(encoded, options.numbered, strict=True)
    )
