"""DBOS does what must be done: durably, and again after a crash."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

from gateway.webhooks import courier

JOBS, WEBHOOKS = "bulk", "webhooks"
"""The queues, of workflows of the same names."""
JOBS_AT_ONCE = 4
"""Of different accounts: one account's many jobs wait for each other, and for nobody else's."""
POLL_S = 0.2
APPLICATION_VERSION = "1"
"""Changed when jobs of an older one could not be gone on with."""
MAX_RECOVERIES = 1000

logging.getLogger("dbos").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Duties:
    """What there is to do. Each may be called again for what it had begun."""

    work_off: Callable[[str], Awaitable[str | None]]
    """Does a job, and gives the webhook that is to tell of it."""
    attempt: Callable[[str, int, int], Awaitable[float | None]]
    """Tries to deliver a webhook; see `Courier.attempt`."""


class Engine:
    """One process's share in the work.

    Args:
        url: of the database that DBOS keeps its queues in.
        worker_id: tells processes apart; a restarted one must have the same.
        duties: what is done here; None: nothing, other processes do it.
    """

    def __init__(self, url: str, worker_id: str, duties: Duties | None) -> None:
        self._url, self._worker_id, self._duties = url, worker_id, duties
        self._do_job: Callable[[str], Coroutine[Any, Any, None]] | None = None
        self._deliver: Callable[[str, int], Coroutine[Any, Any, None]] | None = None
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
        if self._duties is None:
            DBOS.listen_queues([])
        DBOS.launch()  # here, so that workflows run on this event loop
        await DBOS.register_queue_async(
            JOBS,
            worker_concurrency=JOBS_AT_ONCE,
            partition_concurrency=1,
            polling_interval_sec=POLL_S,
        )
        await DBOS.register_queue_async(WEBHOOKS, polling_interval_sec=POLL_S)
        try:
            yield
        finally:
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
            # DBOS had made its own threads the loop's, and they have ended.
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    def _register(self) -> None:
        """Tell DBOS what to do: steps are what is done again after a crash."""
        duties = self._duties

        @DBOS.step(name="work_off")
        async def work_off(job_id: str) -> str | None:
            assert duties
            return await duties.work_off(job_id)

        @DBOS.step(name="attempt")
        async def attempt(delivery_id: str, run: int, number: int) -> float | None:
            assert duties
            return await duties.attempt(delivery_id, run, number)

        @DBOS.workflow(name=JOBS, max_recovery_attempts=MAX_RECOVERIES)
        async def do_job(job_id: str) -> None:
            with self._at_work(job_id):
                if webhook := await work_off(job_id):
                    await self.deliver(webhook, 1)

        @DBOS.workflow(name=WEBHOOKS, max_recovery_attempts=MAX_RECOVERIES)
        async def deliver(delivery_id: str, run: int) -> None:
            told_s: float | None = 0.0
            with self._at_work(_delivery(delivery_id, run)):
                for number in range(len(courier.PAUSES_S)):
                    if told_s is not None:
                        await DBOS.sleep_async(courier.pause_s(number, told_s))
                        told_s = await attempt(delivery_id, run, number)

        self._do_job, self._deliver = do_job, deliver

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
            await DBOS.enqueue_workflow_async(JOBS, self._do_job, job_id)

    async def deliver(self, delivery_id: str, run: int) -> None:
        """Have a webhook delivered; likewise."""
        assert self._deliver
        with SetWorkflowID(_delivery(delivery_id, run)):
            await DBOS.enqueue_workflow_async(WEBHOOKS, self._deliver, delivery_id, run)

    async def forget(self, job_id: str) -> None:
        """Remove all traces of a job that has ended."""
        await DBOS.delete_workflow_async(job_id)

    async def forget_delivery(self, delivery_id: str, runs: int) -> None:
        """Remove all traces of a webhook."""
        ids = [_delivery(delivery_id, run) for run in range(1, runs + 1)]
        await DBOS.delete_workflows_async(ids)

    async def take_over(self, worker_id: str) -> list[str]:
        """Put what a dead worker had begun back into the queues; gives its ids."""
        lost = await _begun_by(worker_id)
        return await _put_back(lost)

    async def take_back(self) -> list[str]:
        """Put own jobs back into the queue that nobody is at work on; gives their ids.

        DBOS gives up one whose end it cannot write down, as on a full disk, and then the next ones
        of its account would wait for ever. Call it now and then: a job is put back when it is found
        so twice, since it may have been given to this worker a moment ago.
        """
        begun = await _begun_by(self._worker_id)
        idle = {id_: name for id_, name in begun.items() if id_ not in self._working}
        lost = {id_: name for id_, name in idle.items() if id_ in self._idle}
        self._idle = set(idle)
        return await _put_back(lost)


async def _begun_by(worker_id: str) -> dict[str, str]:
    """What a worker has begun and not ended: its ids and their queues."""
    found = await DBOS.list_workflows_async(
        status="PENDING", executor_id=worker_id, load_input=False, load_output=False
    )
    return {workflow.workflow_id: workflow.name for workflow in found}


async def _put_back(lost: Mapping[str, str]) -> list[str]:
    for work_id, queue in lost.items():
        await DBOS.resume_workflow_async(work_id, queue_name=queue)
    return sorted(lost)


def _delivery(delivery_id: str, run: int) -> str:
    return f"{delivery_id}-{run}"
