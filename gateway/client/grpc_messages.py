"""Removal requests, cut-outs and problems as the protobuf messages of the contract."""

from collections.abc import Mapping
from typing import Any

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import options_pb2, problem_pb2, result_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from gateway.client.cutout import Box, Cutout
from gateway.client.problem import Problem, unreachable
from gateway.client.removal_request import RemovalRequest

STATUS_DETAILS_KEY = "grpc-status-details-bin"
CONNECTION_FAILURES = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
}
"""Statuses with which a broken connection or a proxy ends a call. The service's own errors may have
the same status, but come with a slug."""

FLAGS, PERCENTAGES = {"crop", "invert"}, {"shadow", "threshold"}
"""Options whose type in the message is bool, and double."""


def removal_message(request: RemovalRequest) -> pb.RemoveBackgroundRequest:
    """Return a removal request as a message.

    Raises:
        Problem: an option has a value that the contract cannot express.
    """
    options = _options(_texts_of(request), request.files)
    variants = [_options(fields, {}) for fields in request.variant_fields]
    return pb.RemoveBackgroundRequest(image=request.image, options=options, variants=variants)


def cutouts(response: Any) -> list[Cutout]:
    """Return the cut-outs of an answer: one, or that of each variant."""
    if response.HasField("variants"):
        return [_cutout(result) for result in response.variants.results]
    return [_cutout(response.result)]


def _cutout(result: result_pb2.Result) -> Cutout:
    box = result.foreground
    foreground = Box(top=box.top, left=box.left, width=box.width, height=box.height)
    return Cutout(
        image=result.image,
        media_type=result.media_type,
        width=result.width,
        height=result.height,
        foreground=foreground if result.HasField("foreground") else None,
        confidence=result.confidence,
        model_version=result.model_version,
        device=result.device,
        seconds={stage.stage: _seconds(stage.time) for stage in result.stages},
        model=result.model,
    )


def has_slug(error: Any) -> bool:
    """Return whether the service itself ended the call, rather than a proxy or the network."""
    return "problem" in dict(error.trailing_metadata() or ())


def problem(error: Any) -> Problem:
    """Return the Problem of an RpcError of `grpc` or `grpc.aio`."""
    trailing = dict(error.trailing_metadata() or ())
    slug = trailing.get("problem", "")
    if not slug and error.code() in CONNECTION_FAILURES:
        return unreachable(error.details())
    return Problem(
        slug or error.code().name.lower().replace("_", "-"),
        error.details() or error.code().name,
        retry_after_s=_retry_after_s(trailing.get(STATUS_DETAILS_KEY, b"")),
        request_id=trailing.get("x-request-id", ""),
    )


def streamed_problem(message: problem_pb2.Problem) -> Problem:
    """Return the Problem of one image of a stream."""
    wait_s = _seconds(message.retry_after) if message.HasField("retry_after") else None
    return Problem(message.slug, message.detail, retry_after_s=wait_s)


ENUMS = {
    "format": options_pb2.Format,
    "channels": options_pb2.Channels,
    "refine": options_pb2.Refine,
}
"""Options whose type in the message is an enum."""


def _texts_of(request: RemovalRequest) -> dict[str, str]:
    fields = request.form_fields
    fields.pop("variants", None)  # they are messages of their own
    return fields


def _options(texts: Mapping[str, str], files: Mapping[str, bytes]) -> options_pb2.Options:
    fields: dict[str, Any] = dict(texts)
    for name, enum in ENUMS.items():
        if name in fields:
            fields[name] = _enum_number(enum, name, fields[name])
    for name in FLAGS & set(fields):
        fields[name] = fields[name].lower() in ("true", "1", "on")
    for name in PERCENTAGES & set(fields):
        try:
            fields[name] = float(fields[name])
        except ValueError as error:
            raise Problem("bad-option", f"{name} must be 0 to 100.") from error
    return options_pb2.Options(**fields, **files)  # type: ignore[arg-type] # files are bytes


def _enum_number(enum: Any, name: str, text: str) -> int:
    value = "JPG" if text.lower() == "jpeg" else text.upper()
    numbers = {full.partition("_")[2]: number for full, number in enum.items() if number}
    if value not in numbers:
        known = ", ".join(numbers).lower()
        raise Problem("bad-option", f"{name} must be one of {known}.")
    number: int = numbers[value]
    return number


def _retry_after_s(details: bytes) -> float | None:
    try:
        status = status_pb2.Status.FromString(details)
    except DecodeError:  # set by a proxy
        return None
    for packed in status.details:
        if packed.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            info = error_details_pb2.RetryInfo()
            packed.Unpack(info)
            return _seconds(info.retry_delay)
    return None


def _seconds(duration: Duration) -> float:
    return float(duration.seconds + duration.nanos / 1e9)
