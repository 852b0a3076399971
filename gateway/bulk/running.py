"""Bulk jobs in this process: taken in, done, and swept up after."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
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
    # One more than there are codec threads: one waits for the model meanwhile.
    worker = Worker(remover, jobs, blobs, at_once=settings.codec_threads + 1)
    worker_id = settings.worker_id or f"{socket.gethostname()}:{settings.operations_port}"
    engine = Engine(settings.jobs_database, worker_id, worker.work_off)
    async with engine.running():
        sweeper = Sweeper(worker_id, engine, jobs, workers, blobs)
        sweeping = asyncio.create_task(sweeper.run())
        try:
            lives = timedelta(hours=settings.bulk_ttl_h)
            yield Intake(jobs, blobs, engine, remover, lives)
        finally:
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
            await worker.stop(settings.shutdown_timeout_s)
