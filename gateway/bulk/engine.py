"""DBOS hands jobs to workers: durably, one job of an account at a time, and again after a crash."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

QUEUE = "bulk"
JOBS_AT_ONCE = 4
"""Of different accounts: one account's many jobs wait for each other, and for nobody else's."""
POLL_S = 0.2
APPLICATION_VERSION = "1"
"""Changed when jobs of an older one could not be gone on with."""
MAX_RECOVERIES = 1000
GIVEN_UP = ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
MOST_AT_ONCE = 1000

logging.getLogger("dbos").setLevel(logging.WARNING)


class Engine:
    """One process's share in the work.

    Args:
        url: of the database that DBOS keeps its queues in.
        worker_id: tells processes apart; a restarted one must have the same.
        work_off: does a job, and may be called again for one that it had begun; None: no job is
            done here, but in other processes.
    """

    def __init__(
        self, url: str, worker_id: str, work_off: Callable[[str], Awaitable[None]] | None
    ) -> None:
        self._url, self._worker_id, self._work_off = url, worker_id, work_off
        self._do_job: Callable[[str], Coroutine[Any, Any, None]] | None = None
        self._working: set[str] = set()
        self._idle: set[str] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take work inside the block."""
        DBOS(
            config={
                "name": "clearbg",
                "system_database_url": self._url,
                "executor_id": self._worker_id,
                "application_version": APPLICATION_VERSION,
                "log_level": "WARNING",
            }
        )
        self._register()
        if self._work_off is None:
            DBOS.listen_queues([])
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

    def _register(self) -> None:
        """Tell DBOS what to do: steps are what is done again after a crash."""

        @DBOS.step(name="work_off")
        async def work_off(job_id: str) -> None:
            assert self._work_off
            await self._work_off(job_id)

        @DBOS.workflow(name=QUEUE, max_recovery_attempts=MAX_RECOVERIES)
        async def do_job(job_id: str) -> None:
            with self._at_work(job_id):
                await work_off(job_id)

        self._do_job = do_job

    @contextmanager
    def _at_work(self, work_id: str) -> Iterator[None]:
        self._working.add(work_id)
        try:
            yield
        finally:
            self._working.discard(work_id)

    async def enqueue(self, job_id: str, account_id: int) -> None:
        """Have a job done. Once it is enqueued, to do so again changes nothing."""
        assert self._do_job
        with SetWorkflowID(job_id), SetEnqueueOptions(queue_partition_key=str(account_id)):
            await DBOS.enqueue_workflow_async(QUEUE, self._do_job, job_id)

    async def forget(self, job_id: str) -> None:
        """Remove all traces of a job that has ended."""
        await DBOS.delete_workflow_async(job_id)

    async def take_over(self, worker_id: str) -> list[str]:
        """Put what a dead worker had begun back into the queues; gives its ids."""
        return await _put_back(await _begun_by(worker_id))

    async def take_back(self) -> list[str]:
        """Put own jobs back into the queue that nobody is at work on; gives their ids.

        DBOS gives up one whose end it cannot write down, as on a full disk, and then the next ones
        of its account would wait for ever. Call it now and then: a job is put back when it is found
        so twice, since it may have been given to this worker a moment ago.
        """
        idle = await _begun_by(self._worker_id) - self._working
        lost, self._idle = idle & self._idle, idle
        return await _put_back(lost)

    async def failed(self) -> list[str]:
        """Jobs that DBOS has given up, by an error of ours or after too many crashes."""
        found = await DBOS.list_workflows_async(
            status=GIVEN_UP, load_input=False, load_output=False, limit=MOST_AT_ONCE
        )
        return [workflow.workflow_id for workflow in found]


async def _begun_by(worker_id: str) -> set[str]:
    """What a worker has begun and not ended."""
    found = await DBOS.list_workflows_async(
        status="PENDING", executor_id=worker_id, load_input=False, load_output=False
    )
    return {workflow.workflow_id for workflow in found}


async def _put_back(job_ids: set[str]) -> list[str]:
    for job_id in job_ids:
        await DBOS.resume_workflow_async(job_id, queue_name=QUEUE)
    return sorted(job_ids)
