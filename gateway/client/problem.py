"""Why there is no cut-out."""

UNREACHABLE = "unreachable"


class Problem(Exception):
    """The service refused, or could not be asked.

    Attributes:
        slug: the kind of error, as the README lists them; `unreachable` when there was no answer.
        retry_after_s: seconds after which the same request may succeed, if the service said so.
        request_id: of the request in the service's log; empty when there was none.
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
    def may_pass_later(self) -> bool:
        """The same request may succeed if it is sent again."""
        return self.retry_after_s is not None or self.slug == UNREACHABLE


def unreachable(error: object) -> Problem:
    """There was no answer, or not all of it."""
    return Problem(UNREACHABLE, f"The service does not answer: {error}")


def late(timeout_s: float) -> Problem:
    """There was none in time."""
    return Problem("deadline-exceeded", f"No answer within {timeout_s:g} seconds.")


def closed() -> Problem:
    """Nothing can be asked any more."""
    return Problem("closed", "The client has been closed.")


def strange(what: object) -> Problem:
    """The answer is none of ClearBG's."""
    return Problem("strange-answer", f"Something else than ClearBG answered: {what}")
