"""Sends images to POST /v1/removebg."""

import requests
from locust import tag, task

from loadtest.traffic.paced import PacedUser
from loadtest.traffic.told import Refused, Told, Unexpected, told

TIMEOUT_S = 120.0
PATH = "/v1/removebg"


class HttpImageUser(PacedUser):
    """One image a request."""

    def on_start(self) -> None:
        """Open a session: connections are kept."""
        super().on_start()
        self.session = session(self.options.api_key)

    @tag("http")
    @task
    def remove(self) -> None:
        """The only task."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        with told(self.environment, "HTTP", PATH, due) as one:
            files = {"image": ("photo.jpg", self.choose_photo(), "image/jpeg")}
            answer = self.session.post(
                f"{self.environment.host}{PATH}", files=files, timeout=TIMEOUT_S
            )
            check(answer)
            one.length = len(answer.content)
        return rested(self.session, one)


def session(key: str) -> requests.Session:
    """One with the API key."""
    made = requests.Session()
    made.headers["X-API-Key"] = key
    return made


def rested(session: requests.Session, one: Told) -> float:
    """The pause after a request; its connections are closed if there is one.

    The service closes those that are idle for 5 seconds, just when a caller may come back.
    """
    if one.pause_s:
        session.close()
    return one.pause_s


def check(answer: requests.Response) -> None:
    """Raise what an answer says, if it is no success.

    Raises:
        Refused: it says when to come back.
        Unexpected: anything else.
    """
    if answer.ok:
        return
    reason = f"{answer.status_code} {answer.text[:200]}"
    if answer.status_code in (429, 503) and "Retry-After" in answer.headers:
        raise Refused(reason, float(answer.headers["Retry-After"]))
    raise Unexpected(reason)
