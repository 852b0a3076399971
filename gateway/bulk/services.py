"""What HTTP and gRPC call for bulk jobs."""

from dataclasses import dataclass

from gateway.bulk.job_service import JobService
from gateway.bulk.progress import ProgressService
from gateway.bulk.receiver import JobReceiver
from gateway.bulk.results import ResultService
from gateway.bulk.thumbnails import ThumbnailService
from gateway.webhooks.service import WebhookService


@dataclass(frozen=True)
class BulkServices:
    """One instance serves all transports, since its limits count the jobs of all."""

    receiver: JobReceiver
    jobs: JobService
    results: ResultService
    thumbnails: ThumbnailService
    progress: ProgressService
    webhooks: WebhookService
