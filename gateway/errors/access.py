"""Who may do what: errors of API keys, and of the dashboard's visitors."""

from http import HTTPStatus

from grpc import StatusCode

from gateway.errors.base import GatewayError, _NotFound


class InvalidKey(GatewayError):
    """The API key is missing, unknown, revoked or expired. The answer never says which."""

    slug, title, http = "invalid-key", "Invalid API key", HTTPStatus.UNAUTHORIZED
    message = "Send a valid API key in the X-API-Key header."
    grpc, code = StatusCode.UNAUTHENTICATED, "auth_failed"


class NotSignedIn(GatewayError):
    """The visitor of the dashboard has no session, or it has expired."""

    slug, title, http = "not-signed-in", "Not signed in", HTTPStatus.UNAUTHORIZED
    message = "Sign in, then try again."
    grpc, code = StatusCode.UNAUTHENTICATED, "auth_failed"


class SignInFailed(GatewayError):
    """The OpenID Connect provider does not answer, or its answer is not valid."""

    slug, title, http = "sign-in-failed", "Sign-in failed", HTTPStatus.UNAUTHORIZED
    message = "The provider did not confirm the sign-in. Start it again."
    grpc, code = StatusCode.UNAUTHENTICATED, "auth_failed"


class Forbidden(GatewayError):
    """The visitor's role does not allow this."""

    slug, title, http = "forbidden", "Not allowed", HTTPStatus.FORBIDDEN
    message = "Your role does not allow this. Ask an owner of the account."
    grpc, code = StatusCode.PERMISSION_DENIED, "forbidden"


class StaleForm(Forbidden):
    """The form's CSRF token is missing, or belongs to another session."""

    slug, title = "stale-form", "This form is out of date"
    message = "The form is from another session. Reload the page, then send it again."


class NoSuchThing(_NotFound):
    """There is no such thing, or it belongs to another account."""

    slug, title = "not-found", "Not found"
    message = "There is nothing here, or it belongs to another account."


OF_DASHBOARD = (NotSignedIn, SignInFailed, Forbidden, StaleForm, NoSuchThing)
"""Errors that the APIs do not have."""
