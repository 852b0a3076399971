"""What the core returns: cut-outs, or a bare mask."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO

from gateway.images.matte import Box
from gateway.images.pipeline import Decoded, EncodedResult
from gateway.models.model import Inference
from gateway.options import SUFFIXES, Format, Options


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
            pixels=decoded.pixels,
        )
        for done, (_, each) in zip(encoded, options.numbered, strict=True)
    )


def file_name(result: Result, number: int) -> str:
    """Return the name of a variant's file; numbers start at 0."""
    return f"variant-{number}.{SUFFIXES[result.media_type]}"


def as_zip(variants: Sequence[Result]) -> bytes:
    """Return a ZIP of the results of all variants. Blocking: it copies megabytes."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # stored: images are compressed already
        for number, result in enumerate(variants):
            archive.writestr(zipfile.ZipInfo(file_name(result, number)), result.data)
    return file.getvalue()


def as_one(done: Sequence[Result], options: Options) -> Result:
    """Return the result of an image as one file: a ZIP if there are variants. Blocking.

    The rest is what there is to know of the first one.
    """
    if not options.variants:
        return done[0]
    return replace(done[0], data=as_zip(done), media_type=Format.ZIP.media_type)
