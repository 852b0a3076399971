"""Protobuf messages to payloads and results of the core, and back."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import options_pb2, problem_pb2, result_pb2
from google.protobuf.duration_pb2 import Duration

from gateway.errors import GatewayError
from gateway.options import Options
from gateway.options.variants import NAME
from gateway.requests.payload import File, Payload
from gateway.results import Result, Segmentation
from gateway.rpc import wire

TEXT_OPTIONS = (
    *("size", "bg_color", "roi", "crop_margin", "scale", "position", "model"),
    *("feather", "expand", "smooth", "keep", "erase"),
)
"""Options whose type in the message is string."""
FLAGS, PERCENTAGES = ("crop", "invert"), ("shadow", "threshold")
"""Options of type bool, and double."""
FILE_OPTIONS = ("bg_image", "mask", "trimap")
"""Options of type bytes."""


@dataclass(frozen=True)
class ReceivedRequest:
    """A decoded request, without its message, which would keep a second copy of the image."""

    payload: Payload
    size_bytes: int
    id: str = ""
    """The id of an image in a stream."""


def decode_request(data: bytes) -> ReceivedRequest:
    """Decode a RemoveBackgroundRequest."""
    return ReceivedRequest(_payload(pb.RemoveBackgroundRequest.FromString(data)), len(data))


def decode_stream_request(data: bytes) -> ReceivedRequest:
    """Decode a RemoveBackgroundStreamRequest."""
    message = pb.RemoveBackgroundStreamRequest.FromString(data)
    return ReceivedRequest(_payload(message.request), len(data), message.id)


def decode_tensor(data: bytes) -> bytes:
    """Decode a SegmentTensorRequest to its image."""
    image: bytes = pb.SegmentTensorRequest.FromString(data).image
    return image


def _payload(request: pb.RemoveBackgroundRequest) -> Payload:
    """Return the fields and files that an HTTP form with the same content has."""
    texts = fields(request.options) | variant_fields(request.variants)
    files = {}
    source = request.WhichOneof("source")
    if source == "image":
        files["image"] = File(request.image, "image")
    elif source:
        texts[source] = getattr(request, source)
    files |= {name: File(data, name) for name, data in file_options(request.options).items()}
    return Payload(texts, files)


def file_options(options: options_pb2.Options) -> dict[str, bytes]:
    """Return the files among the options that were set, by name."""
    files = {name: getattr(options, name) for name in FILE_OPTIONS}
    return {name: data for name, data in files.items() if data}


def fields(options: options_pb2.Options) -> dict[str, str]:
    """Return all options but files, as form fields; unset ones are empty."""
    numbers = {name: getattr(options, name) for name in PERCENTAGES}
    return (
        {name: getattr(options, name) for name in TEXT_OPTIONS}
        | {name: "true" if getattr(options, name) else "" for name in FLAGS}
        | {name: f"{number:f}" if number else "" for name, number in numbers.items()}
        | {
            "format": _name(options_pb2.Format, options.format),
            "channels": _name(options_pb2.Channels, options.channels),
            "refine": _name(options_pb2.Refine, options.refine),
        }
    )


def variant_fields(variants: Iterable[options_pb2.Options]) -> dict[str, str]:
    """Return the field `variants` as an HTTP form has it; no field if there are no variants."""
    given = [
        {name: text for name, text in fields(options).items() if text}
        | dict.fromkeys(file_options(options), "a file")
        for options in variants
    ]
    return {NAME: json.dumps(given)} if given else {}


def encode_answer(answer: wire.Answer, done: Sequence[Result], options: Options) -> bytes:
    """Encode an answer: one result, or those of the variants.

    Args:
        answer: without results.
        done: the results.
        options: of the request.
    """
    encoded = [(encode_result(result), result.data) for result in done]
    if options.variants:
        return wire.with_variants(answer, encoded)
    return wire.with_image(answer, *encoded[0])


def encode_result(done: Result) -> result_pb2.Result:
    """Encode a cut-out without its image, which `wire` adds."""
    return result_pb2.Result(
        media_type=done.media_type,
        width=done.width,
        height=done.height,
        foreground=result_pb2.Box(**asdict(done.foreground)) if done.foreground else None,
        confidence=done.confidence,
        model_version=done.model_version,
        device=done.device,
        model=done.model,
        stages=[
            result_pb2.StageTime(stage=stage, time=_duration(seconds))
            for stage, seconds in done.seconds.items()
        ],
    )


def encode_mask(done: Segmentation) -> pb.SegmentTensorResponse:
    """Encode a mask."""
    return pb.SegmentTensorResponse(
        mask=done.inference.mask.tobytes(),
        confidence=done.confidence,
        model_version=done.inference.model_version,
        device=done.inference.device,
    )


def encode_problem(error: GatewayError) -> problem_pb2.Problem:
    """Encode the error of one image of a stream."""
    wait_s = error.retry_after_s
    return problem_pb2.Problem(
        slug=error.slug,
        title=error.title,
        detail=str(error),
        code=error.grpc.value[0],
        retry_after=None if wait_s is None else Duration(seconds=wait_s),
        field=error.field,
    )


def _name(kind: Any, value: int) -> str:
    """Return an enum's value as a form field: empty if unspecified, its number if unknown."""
    if not value:
        return ""
    try:
        name: str = kind.Name(value)
    except ValueError:
        return str(value)
    return name.partition("_")[2].lower()


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromMicroseconds(round(seconds * 1e6))
    return duration
