"""The durable queue of jobs, kept by DBOS: one job of an account at a time, again after a crash."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from gateway.concurrency import helper_threads

QUEUE = "bulk"
MAX_JOBS = 4
"""Jobs in progress per worker, each of a different account: an account with many jobs delays only
its own."""
POLL_INTERVAL_S = 0.2
APPLICATION_VERSION = "1"
"""Change it when a worker of this version cannot continue jobs that an older one has started."""
MAX_RECOVERIES = 1000
FAILED_STATUSES = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
MAX_ROWS = 1000

logging.getLogger("dbos").setLevel(logging.WARNING)


class JobQueue:
    """One process's access to the queue.

    Args:
        url: of the database that DBOS keeps its queue in.
        worker_id: identifies this process; a restarted process must have the same ID.
        process_job: processes a job by its ID, and may be called again for an interrupted one.
            None: this process only enqueues jobs, and others process them.
    """

    def __init__(
        self, url: str, worker_id: str, process_job: Callable[[str], Awaitable[None]] | None
    ) -> None:
        self._url, self._worker_id, self._process_job = url, worker_id, process_job
        self._workflow: Callable[[str], Coroutine[Any, Any, None]] | None = None
        self._running: set[str] = set()
        self._idle: set[str] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Process queued jobs inside the block."""
        DBOS(
            config={
                "name": "clearbg",
                "system_database_url": self._url,
                "executor_id": self._worker_id,
                "application_version": APPLICATION_VERSION,
                "log_level": "WARNING",
                # Unused here, but closing DBOS waits for the thread that polls.
                "notification_listener_polling_interval_sec": POLL_INTERVAL_S,
            }
        )
        self._register()
        if self._process_job is None:
            DBOS.listen_queues([])
        DBOS.launch()  # called here, so that workflows run on this event loop
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=MAX_JOBS,
            partition_concurrency=1,
            polling_interval_sec=POLL_INTERVAL_S,
        )
        try:
            yield
        finally:
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
            # DBOS had made its thread pool the loop's default, and has shut it down.
            asyncio.get_running_loop().set_default_executor(helper_threads())

    def _register(self) -> None:
        """Register the workflow with DBOS. The names are stored with every queued job."""

        @DBOS.step(name="work_off")
        async def process_job(job_id: str) -> None:
            assert self._process_job
            await self._process_job(job_id)

        @DBOS.workflow(name=QUEUE, max_recovery_attempts=MAX_RECOVERIES)
        async def workflow(job_id: str) -> None:
            with self._marked_running(job_id):
                await process_job(job_id)

        self._workflow = workflow

    @contextmanager
    def _marked_running(self, job_id: str) -> Iterator[None]:
        self._running.add(job_id)
        try:
            yield
        finally:
            self._running.discard(job_id)

    async def enqueue(self, job_id: str, account_id: int) -> None:
        """Add a job to the queue; does nothing if it was added before."""
        assert self._workflow
        with SetWorkflowID(job_id), SetEnqueueOptions(queue_partition_key=str(account_id)):
            await DBOS.enqueue_workflow_async(QUEUE, self._workflow, job_id)

    async def remove(self, job_id: str) -> None:
        """Delete DBOS's record of a job that has ended."""
        await DBOS.delete_workflow_async(job_id)

    async def requeue_jobs_of(self, worker_id: str) -> list[str]:
        """Return the unfinished jobs of a dead worker to the queue; return their IDs."""
        return await _requeue(await _unfinished_jobs(worker_id))

    async def requeue_lost_jobs(self) -> list[str]:
        """Return jobs of this worker to the queue that it is not processing; return their IDs.

        DBOS drops a job when it cannot record its end, e.g. on a full disk, and then the later jobs
        of the account would wait forever. Call it repeatedly: a job is requeued when two calls in a
        row find it idle, since DBOS may just have assigned it to this worker.
        """
        idle = await _unfinished_jobs(self._worker_id) - self._running
        lost, self._idle = idle & self._idle, idle
        return await _requeue(lost)

    async def failed_jobs(self) -> list[str]:
        """Return the IDs of jobs that DBOS has given up, after a bug or too many crashes."""
        workflows = await DBOS.list_workflows_async(
            status=FAILED_STATUSES, load_input=False, load_output=False, limit=MAX_ROWS
        )
        return [workflow.workflow_id for workflow in workflows]


async def _unfinished_jobs(worker_id: str) -> set[str]:
    """Return the IDs of jobs that a worker has started and not finished."""
    workflows = await DBOS.list_workflows_async(
        status="PENDING", executor_id=worker_id, load_input=False, load_output=False
    )
    return {workflow.workflow_id for workflow in workflows}


async def _requeue(job_ids: set[str]) -> list[str]:
    for job_id in job_ids:
        await DBOS.resume_workflow_async(job_id, queue_name=QUEUE)
    return sorted(job_ids)
