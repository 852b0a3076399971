"""Users that send images to POST /v1/removebg."""

import requests
from locust import tag, task

from loadtest.traffic.locust_events import (
    RecordedRequest,
    Rejected,
    UnexpectedAnswer,
    recorded_request,
)
from loadtest.traffic.paced import PacedUser

TIMEOUT_S = 120.0
PATH = "/v1/removebg"


class HttpImageUser(PacedUser):
    """One image per request."""

    def on_start(self) -> None:
        """Open a session, which keeps its connections."""
        super().on_start()
        self.session = new_session(self.options.api_key)

    @tag("http")
    @task
    def remove(self) -> None:
        """Send one image."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        with recorded_request(self.environment, "HTTP", PATH, due) as request:
            files = {"image": ("photo.jpg", self.choose_photo(), "image/jpeg")}
            answer = self.session.post(
                f"{self.environment.host}{PATH}", files=files, timeout=TIMEOUT_S
            )
            raise_for_error(answer)
            request.length = len(answer.content)
        return pause_after(self.session, request)


def new_session(key: str) -> requests.Session:
    """Return a session that sends the API key."""
    session = requests.Session()
    session.headers["X-API-Key"] = key
    return session


def pause_after(session: requests.Session, request: RecordedRequest) -> float:
    """Return the pause after a request, and close the session's connections if there is one.

    The service closes connections that are idle for 5 seconds: it might do so just when the next
    request is sent.
    """
    if request.pause_s:
        session.close()
    return request.pause_s


def raise_for_error(answer: requests.Response) -> None:
    """Raise an error unless the answer is a success.

    Raises:
        Rejected: 429 or 503 with a Retry-After.
        UnexpectedAnswer: any other error.
    """
    if answer.ok:
        return
    reason = f"{answer.status_code} {answer.text[:200]}"
    if answer.status_code in (429, 503) and "Retry-After" in answer.headers:
        raise Rejected(reason, float(answer.headers["Retry-After"]))
    raise UnexpectedAnswer(reason)
