"""Messages of the contract to what the core knows, and back."""

from dataclasses import asdict, dataclass
from typing import Any

from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import options_pb2, problem_pb2, result_pb2
from google.protobuf.duration_pb2 import Duration

from gateway.errors import GatewayError
from gateway.orders.sent import File, Sent
from gateway.removal import Result, Segmentation

TEXTS = ("size", "bg_color", "roi", "crop_margin", "scale", "position")
"""Options that are texts in the message too."""


@dataclass(frozen=True)
class Received:
    """A request as it came, free of its message, which would keep the image a second time."""

    sent: Sent
    size_bytes: int
    id: str = ""
    """Of an image of a stream."""


def received(data: bytes) -> Received:
    """Read a RemoveBackgroundRequest."""
    return Received(_sent(pb.RemoveBackgroundRequest.FromString(data)), len(data))


def received_of_stream(data: bytes) -> Received:
    """Read a RemoveBackgroundStreamRequest."""
    message = pb.RemoveBackgroundStreamRequest.FromString(data)
    return Received(_sent(message.request), len(data), message.id)


def tensor(data: bytes) -> bytes:
    """Read a SegmentTensorRequest."""
    image: bytes = pb.SegmentTensorRequest.FromString(data).image
    return image


def _sent(request: pb.RemoveBackgroundRequest) -> Sent:
    """What a request says, as a form would say it."""
    texts = fields(request.options)
    files = {}
    source = request.WhichOneof("source")
    if source == "image":
        files["image"] = File(request.image, "image")
    elif source:
        texts[source] = getattr(request, source)
    if backdrop := request.options.bg_image:
        files["bg_image"] = File(backdrop, "bg_image")
    return Sent(texts, files)


def fields(options: options_pb2.Options) -> dict[str, str]:
    """All options but the picture, as a form would say them; what is not set is empty."""
    return {name: getattr(options, name) for name in TEXTS} | {
        "format": _name(options_pb2.Format, options.format),
        "channels": _name(options_pb2.Channels, options.channels),
        "crop": "true" if options.crop else "",
        "shadow": f"{options.shadow:f}" if options.shadow else "",
    }


def result(done: Result) -> result_pb2.Result:
    """A finished cut-out, all but its image; see `wire`."""
    return result_pb2.Result(
        media_type=done.media_type,
        width=done.width,
        height=done.height,
        foreground=result_pb2.Box(**asdict(done.foreground)) if done.foreground else None,
        confidence=done.confidence,
        model_version=done.model_version,
        device=done.device,
        stages=[
            result_pb2.StageTime(stage=stage, time=_duration(seconds))
            for stage, seconds in done.seconds.items()
        ],
    )


def mask(done: Segmentation) -> pb.SegmentTensorResponse:
    """A bare mask."""
    return pb.SegmentTensorResponse(
        mask=done.inference.mask.tobytes(),
        confidence=done.confidence,
        model_version=done.inference.model_version,
        device=done.inference.device,
    )


def problem(error: GatewayError) -> problem_pb2.Problem:
    """An error as part of a stream."""
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
    """An enum's value as the form's text: unspecified is empty, and an unknown one its number."""
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
