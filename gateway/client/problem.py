"""The error that all clients raise."""

UNREACHABLE = "unreachable"


class Problem(Exception):
    """The service rejected a request, or did not answer.

    Attributes:
        slug: kind of the error, as in docs/errors.md; `unreachable` when there was no answer.
        retry_after_s: seconds after which the same request may succeed; None if not reported.
        request_id: id of the request in the service's log; empty when there is none.
    """

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        retry_after_s: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(detail)
        self.slug, self.retry_after_s, self.request_id = slug, retry_after_s, request_id

    @property
    def is_retryable(self) -> bool:
        """Whether the same request may succeed later."""
        return self.retry_after_s is not None or self.slug == UNREACHABLE


def unreachable(error: object) -> Problem:
    """Return the Problem of a connection that failed before the answer was complete."""
    return Problem(UNREACHABLE, f"The service does not answer: {error}")


def timed_out(timeout_s: float) -> Problem:
    """Return the Problem of an answer that did not arrive in time."""
    return Problem("deadline-exceeded", f"No answer within {timeout_s:g} seconds.")


def client_closed() -> Problem:
    """Return the Problem of a call on a closed client."""
    return Problem("closed", "The client has been closed.")


def unexpected_response(content_type: str) -> Problem:
    """Return the Problem of a response that is not ClearBG's."""
    return Problem(
        "strange-answer",
        f"The response is not ClearBG's; its content type is {content_type or 'missing'}.",
    )
