"""Bulk jobs done by a process of their own."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from gateway.client import AsyncBulkClient
from tests.end_to_end.astronaut import PHOTO, assert_coarsely_cut_out
from tests.end_to_end.service import Service, running, working
from tests.end_to_end.test_bulk import client, wait
from tests.servers import seaweed


async def result(service: Service, job_id: str) -> bytes:
    """By our client."""
    async with AsyncBulkClient(service.url, service.api_key) as api:
        return await api.result(job_id, 1)


def test_a_worker_processes_the_jobs_of_a_gateway_that_redirects_to_s3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seaweed.running() as s3:
        for name, value in s3.environment.items():
            monkeypatch.setitem(os.environ, name, value)
        settings = {
            "bulk_work": "elsewhere",
            "bulk_storage_url": s3.url,
            "bulk_results": "redirect",
        }
        with running(tmp_path, **settings) as service, client(service) as api:
            files = [("images", ("a.jpg", PHOTO.read_bytes()))] * 2
            job_id = api.post("/v1/bulk", files=files).raise_for_status().json()["job_id"]
            with working(tmp_path, **settings) as worker:
                job = wait(api, job_id)
                assert job["status"] == "completed"
                worker.terminate()
                assert worker.wait(300) == 0
            sent = api.get(job["items"][0]["result_url"])
            assert sent.status_code == 307
            sent_image = httpx.get(sent.headers["location"]).raise_for_status().content
            assert_coarsely_cut_out(sent_image)
            assert asyncio.run(result(service, job_id)) == sent_image
            refused = httpx.get(sent.headers["location"].partition("?")[0])
            assert refused.status_code == 403
