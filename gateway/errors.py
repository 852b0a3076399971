"""Every error that a client may see, with the statuses that say it.

    GatewayError                internal             500  INTERNAL
      BadRequest                bad-request          400  INVALID_ARGUMENT    it cannot be read
        BadOption               bad-option           400  INVALID_ARGUMENT    of a wrong value
        BadImage                bad-image            400  INVALID_ARGUMENT    none, or not read
          DamagedImage          bad-image            400  INVALID_ARGUMENT    cannot be decoded
        BadUrl                  bad-url              400  INVALID_ARGUMENT    none, or not allowed
          FailedDownload        bad-url              400  INVALID_ARGUMENT    nothing is there
        NoForeground            no-foreground        400  INVALID_ARGUMENT    and that is an error
        TooManyPixels           too-many-pixels      400  INVALID_ARGUMENT
        ClientGone              client-gone          400  CANCELLED           nobody sees it
      InvalidKey                invalid-key          401  UNAUTHENTICATED     or missing, revoked
      ImageTooLarge             image-too-large      413  INVALID_ARGUMENT
      NoJob                     no-job               404  NOT_FOUND           or another's
      NoResult                  no-result            404  NOT_FOUND           or none yet
      InProgress                in-progress          409  ABORTED             sent twice at once
      KeyReused                 key-reused           422  INVALID_ARGUMENT    for something else
      NoDelivery                no-delivery          404  NOT_FOUND           of a webhook
      RateLimited               rate-limited         429  RESOURCE_EXHAUSTED
      Overloaded                overloaded           503  UNAVAILABLE         refused at once
      LimitsUnavailable         limits-unavailable   503  UNAVAILABLE         nobody can count
      AccountsUnavailable       accounts-unavailable 503  UNAVAILABLE         nobody knows the keys
      JobsUnavailable           jobs-unavailable     503  UNAVAILABLE         of bulk jobs
      IdleStream                idle-stream          503  UNAVAILABLE         nothing came
      ModelUnavailable          model-unavailable    503  UNAVAILABLE         loading or broken
      DeadlineExceeded          deadline-exceeded    504  DEADLINE_EXCEEDED

Messages are written for strangers: no paths, hosts or stack traces. Transports read the class
attributes, `field` and `retry_after_s`, and nothing else. `code` is what remove.bg's clients know
the error as (remove.bg's API description; codes that it does not have are ours).
"""

import math
from collections.abc import Iterator
from http import HTTPStatus
from typing import ClassVar

from grpc import StatusCode


def _utf8(text: str) -> str:
    """What is told may quote the caller, and answers must be valid UTF-8."""
    return text.encode(errors="replace").decode()


class GatewayError(Exception):
    """Base of all. Raised by itself only for what we did not foresee."""

    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    http: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    grpc: ClassVar[StatusCode] = StatusCode.INTERNAL
    code: str = "internal_error"
    field: str = ""
    """The option that is wrong; empty if it is none."""
    retry_after_s: int | None = None
    """Whole seconds after which the same request may succeed; None if waiting won't help."""

    def __init__(self, message: str = "Something went wrong on our end.") -> None:
        super().__init__(_utf8(message))


def kinds(kind: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """All of them."""
    yield kind
    for child in kind.__subclasses__():
        yield from kinds(child)


def named(slug: str) -> type[GatewayError]:
    """The kind that a slug names: all that share one share their statuses too."""
    return next((kind for kind in kinds() if kind.slug == slug), GatewayError)


def problem(error: GatewayError) -> dict[str, str | int]:
    """An error as RFC 9457 says it."""
    said: dict[str, str | int] = {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": error.http.value,
        "detail": str(error),
    }
    return said | ({"field": error.field} if error.field else {})


class BadRequest(GatewayError):
    """The request itself is malformed."""

    slug, title, http = "bad-request", "Bad request", HTTPStatus.BAD_REQUEST
    grpc = StatusCode.INVALID_ARGUMENT
    code = "bad_request"

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code or self.code


class BadOption(BadRequest):
    """An option has a value it cannot have. The message names the allowed ones.

    Args:
        field: the option's name.
        message: what to change.
        code: where remove.bg's is not `invalid_` and the name.
    """

    slug, title = "bad-option", "Invalid option"

    def __init__(self, field: str, message: str, code: str = "") -> None:
        super().__init__(message, code or f"invalid_{field}")
        self.field = _utf8(field)


class BadImage(BadRequest):
    """There is no image, or it is of a format that is not read."""

    slug, title = "bad-image", "Invalid image"
    code = "invalid_file_type"


class DamagedImage(BadImage):
    """The image is cut short or damaged."""

    code = "failed_to_read_image"


class BadUrl(BadRequest):
    """A URL that is not allowed, or from which no file can be fetched."""

    slug, title = "bad-url", "Invalid URL"
    code = "invalid_image_url"


class FailedDownload(BadUrl):
    """The URL does not answer with a file in time."""

    code = "failed_image_download"


class NoForeground(BadRequest):
    """Nothing was found in the image, and the caller wants to be told so by an error."""

    slug, title = "no-foreground", "Could not identify foreground in image"
    code = "unknown_foreground"

    def __init__(self) -> None:
        super().__init__("Nothing stands out from the background of this image.")


class TooManyPixels(BadRequest):
    """The image's header promises more pixels than the limit."""

    slug, title = "too-many-pixels", "Image has too many pixels"
    code = "resolution_too_high"


class ClientGone(BadRequest):
    """The client disconnected before its answer. Counted; nobody sees it."""

    slug, title = "client-gone", "Client disconnected"
    grpc = StatusCode.CANCELLED

    def __init__(self) -> None:
        super().__init__("The client disconnected.")


class InvalidKey(GatewayError):
    """The API key is missing, unknown, revoked or expired. The answer never says which."""

    slug, title, http = "invalid-key", "Invalid API key", HTTPStatus.UNAUTHORIZED
    grpc = StatusCode.UNAUTHENTICATED
    code = "auth_failed"

    def __init__(self) -> None:
        super().__init__("Send a valid API key in the X-API-Key header.")


class ImageTooLarge(GatewayError):
    """The upload has more bytes than the limit."""

    slug, title = "image-too-large", "Image is too large"
    http, grpc = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, StatusCode.INVALID_ARGUMENT
    code = "file_too_large"

    def __init__(self, max_image_bytes: int) -> None:
        super().__init__(f"Send an image of at most {max_image_bytes / 2**20:g} MB.")


class NoJob(GatewayError):
    """There is no such job, or it is another account's."""

    slug, title, http = "no-job", "There is no such job", HTTPStatus.NOT_FOUND
    grpc = StatusCode.NOT_FOUND
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such job, or its time is over.")


class NoResult(GatewayError):
    """The image has no result, or none yet."""

    slug, title, http = "no-result", "There is no result", HTTPStatus.NOT_FOUND
    grpc = StatusCode.NOT_FOUND
    code = "not_found"


class NoDelivery(GatewayError):
    """There is no such webhook, or it is another account's."""

    slug, title, http = "no-delivery", "There is no such delivery", HTTPStatus.NOT_FOUND
    grpc = StatusCode.NOT_FOUND
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("There is no such delivery, or it is too long ago.")


class KeyReused(GatewayError):
    """An idempotency key was used before, with another request."""

    slug, title = "key-reused", "Idempotency key was used before"
    http, grpc = HTTPStatus.UNPROCESSABLE_ENTITY, StatusCode.INVALID_ARGUMENT
    code = "key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key came with another request before: send a new key with this one."
        )


class _RetryLater(GatewayError):
    http, grpc = HTTPStatus.SERVICE_UNAVAILABLE, StatusCode.UNAVAILABLE
    code = "service_unavailable"

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = max(1, math.ceil(wait_s))


class RateLimited(_RetryLater):
    """The caller has sent more than its limits allow."""

    slug, title, http = "rate-limited", "Rate limit exceeded", HTTPStatus.TOO_MANY_REQUESTS
    grpc = StatusCode.RESOURCE_EXHAUSTED
    code = "rate_limit_exceeded"


class InProgress(_RetryLater):
    """What was sent with this idempotency key is still arriving."""

    slug, title, http = "in-progress", "The first request is still arriving", HTTPStatus.CONFLICT
    grpc = StatusCode.ABORTED
    code = "in_progress"


class LimitsUnavailable(_RetryLater):
    """The store of the rate limits is down, and the settings say to refuse then."""

    slug, title = "limits-unavailable", "Rate limits cannot be checked"


class AccountsUnavailable(_RetryLater):
    """The database of accounts and keys is down."""

    slug, title = "accounts-unavailable", "API keys cannot be checked"


class JobsUnavailable(_RetryLater):
    """The database or the storage of jobs is down."""

    slug, title = "jobs-unavailable", "Jobs cannot be kept or read"


class IdleStream(_RetryLater):
    """Nothing came for a while: the place is given to others."""

    slug, title = "idle-stream", "Stream was idle"


class Overloaded(_RetryLater):
    """There is more work in hand than can be finished in time."""

    slug, title = "overloaded", "Service is overloaded"


class ModelUnavailable(_RetryLater):
    """The model is loading, stopping or broken."""

    slug, title = "model-unavailable", "Model is not available"


class DeadlineExceeded(GatewayError):
    """The request took longer than the service allows."""

    slug, title, http = "deadline-exceeded", "Deadline exceeded", HTTPStatus.GATEWAY_TIMEOUT
    grpc = StatusCode.DEADLINE_EXCEEDED
    code = "timeout"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"No answer within {round(timeout_s, 1):g} seconds.")
