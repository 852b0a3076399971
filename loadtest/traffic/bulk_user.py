"""Users that send bulk jobs, and wait for their end."""

import time

import gevent
from locust import tag, task

from loadtest.traffic.http_user import TIMEOUT_S, new_session, pause_after, raise_for_error
from loadtest.traffic.locust_events import UnexpectedAnswer, recorded_request
from loadtest.traffic.paced import PacedUser

PATH = "/v1/bulk"
POLL_S = 0.5
JOB_TIMEOUT_S = 600.0


class BulkUser(PacedUser):
    """One job per request. Locust gets two rows for it: of its upload, and of the whole job."""

    def on_start(self) -> None:
        """Open a session, which keeps its connections."""
        super().on_start()
        self.session = new_session(self.options.api_key)
        self.url = f"{self.environment.host}{PATH}"

    @tag("bulk")
    @task
    def remove(self) -> None:
        """Send one job."""
        self.start_request()

    def request(self, due: float) -> float:
        """See PacedUser."""
        job_id = ""
        with recorded_request(self.environment, "bulk", f"{PATH} upload", due) as upload:
            job_id = self._send()
        if job_id:
            with recorded_request(self.environment, "bulk", f"{PATH} job", due):
                self._wait_for(job_id)
            self.session.delete(f"{self.url}/{job_id}", timeout=TIMEOUT_S)
        return pause_after(self.session, upload)

    def _send(self) -> str:
        photos = (self.choose_photo() for _ in range(self.options.bulk_images))
        files = [("images", ("photo.jpg", photo, "image/jpeg")) for photo in photos]
        answer = self.session.post(self.url, files=files, timeout=TIMEOUT_S)
        raise_for_error(answer)
        return str(answer.json()["job_id"])

    def _wait_for(self, job_id: str) -> None:
        deadline = time.monotonic() + JOB_TIMEOUT_S
        while time.monotonic() < deadline:
            answer = self.session.get(f"{self.url}/{job_id}", timeout=TIMEOUT_S)
            raise_for_error(answer)
            status = answer.json()["status"]
            if status == "completed":
                return
            if status != "processing":
                raise UnexpectedAnswer(f"the job is {status}")
            gevent.sleep(POLL_S)
        raise UnexpectedAnswer(f"the job did not end in {JOB_TIMEOUT_S:g} s")
