"""Bulk jobs in this process: taken in, done, and swept up after."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import Engine as Database

from gateway.bulk import storage
from gateway.bulk.engine import Engine
from gateway.bulk.intake import Intake
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job_store import JobStore
from gateway.bulk.leftovers import Leftovers
from gateway.bulk.pulse import Pulse
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.worker import Worker
from gateway.bulk.worker_store import WorkerStore
from gateway.outbound import Outbound
from gateway.removal import Remover
from gateway.settings import Settings
from gateway.together import beside
from gateway.webhooks.courier import Courier
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore
from gateway.webhooks.webhooks import Webhooks

WEBHOOK_TIMEOUT_S = 20.0
"""For an endpoint's answer; Standard Webhooks proposes 15 to 30."""


@asynccontextmanager
async def running(
    database: Database, remover: Remover, settings: Settings
) -> AsyncIterator[Intake]:
    """Work inside the block; then images in flight are finished, and jobs go on later."""
    jobs, deliveries, secrets = JobStore(database), DeliveryStore(database), SecretStore(database)
    blobs = storage.connect(settings.bulk_storage_url, settings.data_dir)
    works_here = settings.bulk_work == "here"
    worker_id = settings.worker_id or f"{socket.gethostname()}:{settings.operations_port}"
    worker = _worker(database, remover, settings, jobs, blobs) if works_here else None
    engine = Engine(settings.jobs_database, worker_id, worker.work_off if worker else None)
    sweeper = Sweeper(
        engine,
        Leftovers(database),
        deliveries,
        Pulse(worker_id if works_here else "", WorkerStore(database)),
        blobs,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(engine.running())  # first, since it ends the threads
        await stack.enter_async_context(beside(sweeper.beat()))
        if works_here and settings.webhooks == "on":
            await stack.enter_async_context(_delivering(deliveries, secrets, settings))
        if worker:
            stack.push_async_callback(worker.stop, settings.shutdown_timeout_s)
        await stack.enter_async_context(beside(sweeper.run()))
        webhooks = Webhooks(deliveries, secrets, are_on=settings.webhooks == "on")
        yield Intake(jobs, blobs, engine, remover, webhooks, settings)


@asynccontextmanager
async def _delivering(
    deliveries: DeliveryStore, secrets: SecretStore, settings: Settings
) -> AsyncIterator[None]:
    """Deliver webhooks beside the block."""
    outbound = Outbound(settings.webhook_allowed, timeout_s=WEBHOOK_TIMEOUT_S)
    async with outbound.session():
        courier = Courier(deliveries, secrets, outbound)
        try:
            async with beside(courier.run()):
                yield
        finally:
            await courier.stop(settings.shutdown_timeout_s)


def _worker(
    database: Database,
    remover: Remover,
    settings: Settings,
    jobs: JobStore,
    blobs: storage.Storage,
) -> Worker:
    # One more than there are codec threads waits for the model meanwhile; and most of the model's
    # queue is for those who wait for an answer.
    at_once = min(settings.codec_threads + 1, max(1, settings.max_queue // 4))
    return Worker(remover, jobs, ItemStore(database), blobs, at_once)
