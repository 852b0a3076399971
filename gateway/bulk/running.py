"""Bulk jobs in this process: taken in, done, and swept up after."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import Engine as Database

from gateway.bulk import storage
from gateway.bulk.engine import Engine
from gateway.bulk.intake import Intake
from gateway.bulk.job_store import JobStore
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.worker import Worker
from gateway.bulk.worker_store import WorkerStore
from gateway.removal import Remover
from gateway.settings import Settings


@asynccontextmanager
async def running(
    database: Database, remover: Remover, settings: Settings
) -> AsyncIterator[Intake]:
    """Work inside the block; then images in flight are finished, and jobs go on later."""
    jobs, workers = JobStore(database), WorkerStore(database)
    blobs = storage.connect(settings.bulk_storage_url, settings.data_dir)
    # One more than there are codec threads waits for the model meanwhile; and most of the model's
    # queue is for those who wait for an answer.
    at_once = min(settings.codec_threads + 1, max(1, settings.max_queue // 4))
    worker = Worker(remover, jobs, blobs, at_once)
    worker_id = settings.worker_id or f"{socket.gethostname()}:{settings.operations_port}"
    engine = Engine(settings.jobs_database, worker_id, worker.work_off)
    sweeper = Sweeper(worker_id, engine, jobs, workers, blobs)
    async with _until_the_end(sweeper.beat()), engine.running():
        try:
            async with _until_the_end(sweeper.run()):
                lives = timedelta(hours=settings.bulk_ttl_h)
                yield Intake(jobs, blobs, engine, remover, lives)
        finally:
            await worker.stop(settings.shutdown_timeout_s)


@asynccontextmanager
async def _until_the_end(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do it beside the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
