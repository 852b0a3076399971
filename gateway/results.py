"""What the core returns: a cut-out, or a bare mask."""

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
    """By stage: decode, queue, infer, compose, encode; without the model's if it was not asked."""
    model_version: str
    """Empty if the model was not asked."""
    device: str
    """That of the model, or `none`."""
    model: str
    """Name of the model; empty if it was not asked."""
    pixels: int
    """Of the files that were sent."""


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
    done: EncodedResult,
    options: Options,
) -> Result:
    """Return the result of an image, of what each step has returned.

    Args:
        model: its name; empty if the mask came from the caller.
        decoded: the picture.
        inference: the mask.
        done: the encoded cut-out.
        options: of the request.
    """
    asked = {"queue": inference.queue_s, "infer": inference.compute_s} if model else {}
    return Result(
        data=done.data,
        media_type=options.format.media_type,
        width=done.width,
        height=done.height,
        foreground=done.foreground,
        confidence=done.confidence,
        seconds={
            "decode": decoded.seconds,
            **asked,
            "compose": done.compose_s,
            "encode": done.encode_s,
        },
        model_version=inference.model_version,
        device=inference.device,
        model=model,
        pixels=decoded.pixels,
    )
