"""DBOS hands jobs to workers: durably, one job of an account at a time, and again after a crash."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

QUEUE = "bulk"
JOBS_AT_ONCE = 4
"""Of different accounts: one account's many jobs wait for each other, and for nobody else's."""
POLL_S = 0.2
APPLICATION_VERSION = "1"
"""Changed when jobs of an older one could not be gone on with."""
MAX_RECOVERIES = 1000

logging.getLogger("dbos").setLevel(logging.WARNING)


class Engine:
    """One process's share in the work.

    Args:
        url: of the database that DBOS keeps its queue in.
        worker_id: tells processes apart; a restarted one must have the same.
        work_off: does a job, and may be called again for one that it had begun.
    """

    def __init__(
        self, url: str, worker_id: str, work_off: Callable[[str], Awaitable[None]]
    ) -> None:
        self._url, self._worker_id, self._work_off = url, worker_id, work_off
        self._workflow: Callable[[str], Coroutine[Any, Any, None]] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take jobs inside the block."""
        DBOS(
            config={
                "name": "clearbg",
                "system_database_url": self._url,
                "executor_id": self._worker_id,
                "application_version": APPLICATION_VERSION,
                "log_level": "WARNING",
            }
        )
        work_off = self._work_off

        @DBOS.step(name="work_off")
        async def step(job_id: str) -> None:
            await work_off(job_id)

        @DBOS.workflow(name="bulk_job", max_recovery_attempts=MAX_RECOVERIES)
        async def workflow(job_id: str) -> None:
            await step(job_id)

        self._workflow = workflow
        DBOS.launch()  # here, so that workflows run on this event loop
        await DBOS.register_queue_async(
            QUEUE,
            worker_concurrency=JOBS_AT_ONCE,
            partition_concurrency=1,
            polling_interval_sec=POLL_S,
        )
        try:
            yield
        finally:
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
            # DBOS had made its own threads the loop's, and they have ended.
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    async def enqueue(self, job_id: str, account_id: int) -> None:
        """Have a job done. Once it is enqueued, to do so again changes nothing."""
        assert self._workflow
        with SetWorkflowID(job_id), SetEnqueueOptions(queue_partition_key=str(account_id)):
            await DBOS.enqueue_workflow_async(QUEUE, self._workflow, job_id)

    async def forget(self, job_id: str) -> None:
        """Remove all traces of a job that has ended."""
        await DBOS.delete_workflow_async(job_id)

    async def take_over(self, worker_id: str) -> list[str]:
        """Put the jobs of a dead worker back into the queue; gives their ids."""
        lost = await DBOS.list_workflows_async(
            status="PENDING", executor_id=worker_id, load_input=False, load_output=False
        )
        for workflow in lost:
            await DBOS.resume_workflow_async(workflow.workflow_id, queue_name=QUEUE)
        return [workflow.workflow_id for workflow in lost]
