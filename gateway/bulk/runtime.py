"""Wires bulk jobs: starts their background work, and builds what the transports call."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy import Engine

from gateway.bulk import storage
from gateway.bulk.draft_store import DraftStore
from gateway.bulk.heartbeats import Heartbeats
from gateway.bulk.item_store import ItemStore
from gateway.bulk.job_queue import JobQueue
from gateway.bulk.job_service import JobService
from gateway.bulk.job_store import JobStore
from gateway.bulk.progress import ProgressService
from gateway.bulk.receiver import JobReceiver
from gateway.bulk.recovery_store import RecoveryStore
from gateway.bulk.results import ResultService
from gateway.bulk.services import BulkServices
from gateway.bulk.storage import Storage
from gateway.bulk.sweeper import Sweeper
from gateway.bulk.thumbnails import ThumbnailService
from gateway.bulk.worker import Worker
from gateway.bulk.worker_store import WorkerStore
from gateway.concurrency import running_in_background
from gateway.network.outbound import Outbound
from gateway.removal import Remover
from gateway.requests.handler import RequestHandler
from gateway.settings import Settings
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.service import WebhookService

WEBHOOK_TIMEOUT_S = 20.0
"""For an endpoint's answer; Standard Webhooks proposes 15 to 30."""


@asynccontextmanager
async def running(
    database: Engine, handler: RequestHandler, settings: Settings
) -> AsyncIterator[BulkServices]:
    """Process jobs and send webhooks inside the block, as far as the settings ask for it.

    At its end, images in flight finish; their jobs continue at the next start.
    """
    blobs = storage.connect(settings.bulk_storage_url, settings.data_dir)
    works_here = settings.bulk_work == "here"
    worker_id = settings.worker_id or f"{socket.gethostname()}:{settings.operations_port}"
    worker = _worker(database, handler.remover, settings, blobs) if works_here else None
    queue = JobQueue(settings.jobs_database, worker_id, worker.process if worker else None)
    sweeper = Sweeper(
        queue,
        RecoveryStore(database),
        DeliveryStore(database),
        Heartbeats(worker_id if works_here else "", WorkerStore(database)),
        blobs,
    )
    async with AsyncExitStack() as stack:
        # Entered first, since DBOS ends the loop's threads when it is closed.
        await stack.enter_async_context(queue.running())
        await stack.enter_async_context(running_in_background(sweeper.send_heartbeats()))
        if works_here and settings.webhooks == "on":
            await stack.enter_async_context(_sending_webhooks(database, settings))
        if worker:
            stack.push_async_callback(worker.stop, settings.shutdown_timeout_s)
        await stack.enter_async_context(running_in_background(sweeper.run()))
        yield services(database, blobs, queue, handler, settings)


def services(
    database: Engine, blobs: Storage, queue: JobQueue, handler: RequestHandler, settings: Settings
) -> BulkServices:
    """Return what the transports call; jobs are processed by whatever runs the queue."""
    jobs = JobService(JobStore(database))
    results = ResultService(jobs, blobs, settings)
    deliveries, secrets = DeliveryStore(database), SecretStore(database)
    return BulkServices(
        receiver=JobReceiver(DraftStore(database), blobs, queue, handler, settings),
        jobs=jobs,
        results=results,
        thumbnails=ThumbnailService(results, blobs, handler),
        progress=ProgressService(jobs),
        webhooks=WebhookService(deliveries, secrets, are_webhooks_on=settings.webhooks == "on"),
    )


@asynccontextmanager
async def _sending_webhooks(database: Engine, settings: Settings) -> AsyncIterator[None]:
    """Send webhooks inside the block; at its end, attempts in flight finish."""
    outbound = Outbound(settings.allowed_webhook_networks, timeout_s=WEBHOOK_TIMEOUT_S)
    async with outbound.session():
        sender = WebhookSender(DeliveryStore(database), SecretStore(database), outbound)
        try:
            async with running_in_background(sender.run()):
                yield
        finally:
            await sender.stop(settings.shutdown_timeout_s)


def _worker(database: Engine, remover: Remover, settings: Settings, blobs: Storage) -> Worker:
    # One image more than there are codec threads, so that one is always ready for the model. At
    # most a quarter of the model's queue, so that interactive requests find room in it.
    max_images = min(settings.codec_threads + 1, max(1, settings.max_queue // 4))
    return Worker(remover, JobStore(database), ItemStore(database), blobs, max_images)
