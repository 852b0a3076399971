"""Every error that a client may see, with its HTTP and gRPC status.

    GatewayError                internal             500  INTERNAL
      BadRequest                bad-request          400  INVALID_ARGUMENT    malformed
        BadOption               bad-option           400  INVALID_ARGUMENT    invalid value
        BadImage                bad-image            400  INVALID_ARGUMENT    missing, or no image
          DamagedImage          bad-image            400  INVALID_ARGUMENT    cannot be decoded
        BadUrl                  bad-url              400  INVALID_ARGUMENT    invalid or forbidden
          FailedDownload        bad-url              400  INVALID_ARGUMENT    no file at the URL
        NoForeground            no-foreground        400  INVALID_ARGUMENT    if `must_find` is set
        TooManyPixels           too-many-pixels      400  INVALID_ARGUMENT
        ClientGone              client-gone          400  CANCELLED           never sent
      InvalidKey                invalid-key          401  UNAUTHENTICATED     or missing, revoked
      NotSignedIn               not-signed-in        401  UNAUTHENTICATED     dashboard
      SignInFailed              sign-in-failed       401  UNAUTHENTICATED     dashboard: OIDC
      Forbidden                 forbidden            403  PERMISSION_DENIED   dashboard: by the role
        StaleForm               stale-form           403  PERMISSION_DENIED   dashboard: CSRF token
      ImageTooLarge             image-too-large      413  INVALID_ARGUMENT
      NoJob                     no-job               404  NOT_FOUND           or another account's
      NoResult                  no-result            404  NOT_FOUND           or not yet
      NoDelivery                no-delivery          404  NOT_FOUND           of a webhook
      NoKey                     no-key               404  NOT_FOUND           or another account's
      NoSuchThing               not-found            404  NOT_FOUND           dashboard
      KeyReused                 key-reused           422  INVALID_ARGUMENT    idempotency key
      InProgress                in-progress          409  ABORTED             idempotency key
      RateLimited               rate-limited         429  RESOURCE_EXHAUSTED
      QuotaExceeded             quota-exceeded       429  RESOURCE_EXHAUSTED  images of the month
      Overloaded                overloaded           503  UNAVAILABLE         rejected at once
      LimitsUnavailable         limits-unavailable   503  UNAVAILABLE         store of limits down
      AccountsUnavailable       accounts-unavailable 503  UNAVAILABLE         database of keys down
      JobsUnavailable           jobs-unavailable     503  UNAVAILABLE         database, storage down
      IdleStream                idle-stream          503  UNAVAILABLE         no image for a while
      ModelUnavailable          model-unavailable    503  UNAVAILABLE         loading or failing
      DeadlineExceeded          deadline-exceeded    504  DEADLINE_EXCEEDED

Messages reach strangers: no paths, hosts or stack traces in them. Transports read the class
attributes, `field` and `retry_after_s`, and nothing else; `problems.py` makes documents of them.
`code` is remove.bg's name for the error (from its API description), or ours where it has none.
"""

from http import HTTPStatus

from grpc import StatusCode

from gateway.errors.access import (
    OF_DASHBOARD,
    Forbidden,
    InvalidKey,
    NoSuchThing,
    NotSignedIn,
    SignInFailed,
    StaleForm,
)
from gateway.errors.base import GatewayError, _NotFound, _RetryLater, utf8

__all__ = [
    "OF_DASHBOARD",
    "Forbidden",
    "GatewayError",
    "InvalidKey",
    "NoSuchThing",
    "NotSignedIn",
    "SignInFailed",
    "StaleForm",
]


class BadRequest(GatewayError):
    """The request is malformed."""

    slug, title, http = "bad-request", "Bad request", HTTPStatus.BAD_REQUEST
    grpc, code = StatusCode.INVALID_ARGUMENT, "bad_request"

    def __init__(self, message: str = "", code: str = "") -> None:
        super().__init__(message)
        self.code = code or self.code


class BadOption(BadRequest):
    """An option has an invalid value. The message names the allowed ones.

    Args:
        field: the option's name.
        message: what to change.
        code: remove.bg's, where it is not `invalid_` and the name.
    """

    slug, title = "bad-option", "Invalid option"

    def __init__(self, field: str, message: str, code: str = "") -> None:
        super().__init__(message, code or f"invalid_{field}")
        self.field = utf8(field)


class BadImage(BadRequest):
    """There is no image, or its format is not supported."""

    slug, title, code = "bad-image", "Invalid image", "invalid_file_type"


class DamagedImage(BadImage):
    """The image is truncated or damaged."""

    code = "failed_to_read_image"


class BadUrl(BadRequest):
    """The URL is invalid or not allowed, or no file can be downloaded from it."""

    slug, title, code = "bad-url", "Invalid URL", "invalid_image_url"


class FailedDownload(BadUrl):
    """The URL does not answer with a file in time."""

    code = "failed_image_download"


class NoForeground(BadRequest):
    """The model found no foreground, and the route reports that as an error."""

    slug, code = "no-foreground", "unknown_foreground"
    title = "Could not identify foreground in image"
    message = "Nothing stands out from the background of this image."


class TooManyPixels(BadRequest):
    """The image's header declares more pixels than the limit."""

    slug, title, code = "too-many-pixels", "Image has too many pixels", "resolution_too_high"


class ClientGone(BadRequest):
    """The client disconnected before its answer. Counted in the metrics, never sent."""

    slug, title, message = "client-gone", "Client disconnected", "The client disconnected."
    grpc = StatusCode.CANCELLED


class ImageTooLarge(GatewayError):
    """The upload has more bytes than the limit."""

    slug, title, code = "image-too-large", "Image is too large", "file_too_large"
    http, grpc = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, StatusCode.INVALID_ARGUMENT

    def __init__(self, max_image_bytes: int) -> None:
        super().__init__(f"Send an image of at most {max_image_bytes / 2**20:.3g} MB.")


class NoJob(_NotFound):
    """There is no such job, or it belongs to another account."""

    slug, title = "no-job", "There is no such job"
    message = "There is no such job, or it has expired."


class NoResult(_NotFound):
    """The image has no result, or none yet."""

    slug, title = "no-result", "There is no result"


class NoDelivery(_NotFound):
    """There is no such webhook delivery, or it belongs to another account."""

    slug, title = "no-delivery", "There is no such delivery"
    message = "There is no such delivery, or it has expired."


class NoKey(_NotFound):
    """There is no such key, or it belongs to another account."""

    slug, title = "no-key", "There is no such key"
    message = "Your account has no such key."


class KeyReused(GatewayError):
    """The idempotency key was used before, with a different request."""

    slug, title, code = "key-reused", "Idempotency key was used before", "key_reused"
    message = "Send a new Idempotency-Key: this one was used with a different request before."
    http, grpc = HTTPStatus.UNPROCESSABLE_ENTITY, StatusCode.INVALID_ARGUMENT


class RateLimited(_RetryLater):
    """The caller has sent more than its limits allow."""

    slug, title, http = "rate-limited", "Rate limit exceeded", HTTPStatus.TOO_MANY_REQUESTS
    grpc, code = StatusCode.RESOURCE_EXHAUSTED, "rate_limit_exceeded"


class QuotaExceeded(_RetryLater):
    """The key's quota of images for this month is used up."""

    slug, title, http = "quota-exceeded", "Quota is used up", HTTPStatus.TOO_MANY_REQUESTS
    grpc, code = StatusCode.RESOURCE_EXHAUSTED, "insufficient_credits"


class InProgress(_RetryLater):
    """The first request with this idempotency key is still arriving."""

    slug, title, http = "in-progress", "The first request is still arriving", HTTPStatus.CONFLICT
    grpc, code = StatusCode.ABORTED, "in_progress"


class LimitsUnavailable(_RetryLater):
    """The store of the rate limits is down, and the settings say to fail closed."""

    slug, title = "limits-unavailable", "Rate limits cannot be checked"


class AccountsUnavailable(_RetryLater):
    """The database of accounts and keys is down."""

    slug, title = "accounts-unavailable", "Accounts and keys cannot be read"


class JobsUnavailable(_RetryLater):
    """The database or the storage of jobs is down."""

    slug, title = "jobs-unavailable", "Jobs cannot be stored or read"


class IdleStream(_RetryLater):
    """No image arrived on the stream for a while, so it was closed."""

    slug, title = "idle-stream", "Stream was idle"


class Overloaded(_RetryLater):
    """There is more work than can be finished in time."""

    slug, title = "overloaded", "Service is overloaded"


class ModelUnavailable(_RetryLater):
    """The model is loading, shutting down or failing."""

    slug, title = "model-unavailable", "Model is not available"


class DeadlineExceeded(GatewayError):
    """The request took longer than the service, or the caller's deadline, allows."""

    slug, title, http = "deadline-exceeded", "Deadline exceeded", HTTPStatus.GATEWAY_TIMEOUT
    grpc, code = StatusCode.DEADLINE_EXCEEDED, "timeout"

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"No answer within {round(timeout_s, 1):g} seconds.")
