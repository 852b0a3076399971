"""The base of all errors, and of those that share a status."""

import math
from http import HTTPStatus
from typing import ClassVar

from grpc import StatusCode


def utf8(text: str) -> str:
    """Return text as valid UTF-8: messages may quote the caller, and answers must be valid."""
    return text.encode(errors="replace").decode()


class GatewayError(Exception):
    """Base of all errors; raised by itself only for bugs of ours."""

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    message: ClassVar[str] = "Something went wrong on our end."
    http: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    grpc: ClassVar[StatusCode] = StatusCode.INTERNAL
    code: str = "internal_error"
    field: str = ""
    """Name of the invalid option; empty if no option is to blame."""
    retry_after_s: int | None = None
    """Whole seconds after which the same request may succeed; None if waiting does not help."""

    def __init__(self, message: str = "") -> None:
        super().__init__(utf8(message or self.message))


class _NotFound(GatewayError):
    http, grpc, code = HTTPStatus.NOT_FOUND, StatusCode.NOT_FOUND, "not_found"


class _RetryLater(GatewayError):
    http, grpc, code = HTTPStatus.SERVICE_UNAVAILABLE, StatusCode.UNAVAILABLE, "service_unavailable"

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, math.ceil(wait_s))
