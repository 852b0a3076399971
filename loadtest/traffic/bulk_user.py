"""Sends bulk jobs and waits for their end."""

import time

import gevent
from locust import tag, task

from loadtest.traffic.http_user import TIMEOUT_S, check, rested, session
from loadtest.traffic.paced import PacedUser
from loadtest.traffic.told import Unexpected, told

PATH = "/v1/bulk"
POLL_S = 0.5
JOB_TIMEOUT_S = 600.0


class BulkUser(PacedUser):
    """One job a request: its upload is a row of Locust's, and so is the whole until its end."""

    def on_start(self) -> None:
        """Open a session: connections are kept."""
        super().on_start()
        self.session = session(self.options.api_key)
        self.url = f"{self.environment.host}{PATH}"

    @tag("bulk")
    @task
    def remove(self) -> None:
        """The only task."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        job_id = ""
        with told(self.environment, "bulk", f"{PATH} upload", due) as upload:
            job_id = self._send()
        if job_id:
            with told(self.environment, "bulk", f"{PATH} job", due):
                self._wait_for(job_id)
            self.session.delete(f"{self.url}/{job_id}", timeout=TIMEOUT_S)
        return rested(self.session, upload)

    def _send(self) -> str:
        photos = (self.choose_photo() for _ in range(self.options.bulk_images))
        files = [("images", ("photo.jpg", photo, "image/jpeg")) for photo in photos]
        answer = self.session.post(self.url, files=files, timeout=TIMEOUT_S)
        check(answer)
        return str(answer.json()["job_id"])

    def _wait_for(self, job_id: str) -> None:
        deadline = time.monotonic() + JOB_TIMEOUT_S
        while time.monotonic() < deadline:
            answer = self.session.get(f"{self.url}/{job_id}", timeout=TIMEOUT_S)
            check(answer)
            status = answer.json()["status"]
            if status == "completed":
                return
            if status != "processing":
                raise Unexpected(f"the job is {status}")
            gevent.sleep(POLL_S)
        raise Unexpected(f"the job did not end in {JOB_TIMEOUT_S:g} s")
