"""Queries and answers as messages of the contract."""

from typing import Any

import grpc
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1 import options_pb2, problem_pb2, result_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from gateway.client.cutout import Cutout
from gateway.client.problem import Problem, unreachable
from gateway.client.query import Query
from gateway.images.matte import Box

DETAILS = "grpc-status-details-bin"
BROKEN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
}
"""What a broken connection, or a proxy, ends a call with; our own errors have a slug."""


def request(query: Query) -> pb.RemoveBackgroundRequest:
    """A query.

    Raises:
        Problem: an option has a value that the contract has no name for.
    """
    return pb.RemoveBackgroundRequest(image=query.image, options=_options(query))


def cutout(result: result_pb2.Result) -> Cutout:
    """A result."""
    box = result.foreground
    found = Box(top=box.top, left=box.left, width=box.width, height=box.height)
    return Cutout(
        image=result.image,
        media_type=result.media_type,
        width=result.width,
        height=result.height,
        foreground=found if result.HasField("foreground") else None,
        confidence=result.confidence,
        model_version=result.model_version,
        device=result.device,
        seconds={stage.stage: _seconds(stage.time) for stage in result.stages},
    )


def has_slug(error: Any) -> bool:
    """Whether it was the service that ended a call, and said why."""
    return "problem" in dict(error.trailing_metadata() or ())


def problem(error: Any) -> Problem:
    """The error that a call ended with, of `grpc` or `grpc.aio`."""
    trailing = dict(error.trailing_metadata() or ())
    slug = trailing.get("problem", "")
    if not slug and error.code() in BROKEN:
        return unreachable(error.details())
    return Problem(
        slug or error.code().name.lower().replace("_", "-"),
        error.details() or error.code().name,
        retry_after_s=_retry_after_s(trailing.get(DETAILS, b"")),
        request_id=trailing.get("x-request-id", ""),
    )


def streamed_problem(said: problem_pb2.Problem) -> Problem:
    """An error that is an answer of a stream."""
    wait_s = _seconds(said.retry_after) if said.HasField("retry_after") else None
    return Problem(said.slug, said.detail, retry_after_s=wait_s)


def _options(query: Query) -> options_pb2.Options:
    given: dict[str, Any] = query.texts
    for name, kind in (("format", options_pb2.Format), ("channels", options_pb2.Channels)):
        if name in given:
            given[name] = _number(kind, name, given[name])
    if "crop" in given:
        given["crop"] = given["crop"].lower() in ("true", "1", "on")
    if "shadow" in given:
        try:
            given["shadow"] = float(given["shadow"])
        except ValueError as error:
            raise Problem("bad-option", "shadow must be 0 to 100.") from error
    return options_pb2.Options(bg_image=query.backdrop, **given)


def _number(kind: Any, name: str, text: str) -> int:
    value = "JPG" if text.lower() == "jpeg" else text.upper()
    names = {full.partition("_")[2]: number for full, number in kind.items() if number}
    if value not in names:
        known = ", ".join(names).lower()
        raise Problem("bad-option", f"{name} must be one of {known}.")
    number: int = names[value]
    return number


def _retry_after_s(details: bytes) -> float | None:
    try:
        status = status_pb2.Status.FromString(details)
    except DecodeError:  # a proxy's
        return None
    for packed in status.details:
        if packed.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            info = error_details_pb2.RetryInfo()
            packed.Unpack(info)
            return _seconds(info.retry_delay)
    return None


def _seconds(duration: Duration) -> float:
    return float(duration.seconds + duration.nanos / 1e9)
