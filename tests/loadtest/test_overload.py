import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

from gateway import malloc
from gateway.concurrency import loop_time
from gateway.errors import GatewayError, Overloaded
from gateway.models.model import Priority
from gateway.models.scheduler import Scheduler
from loadtest import arrivals, overload
from loadtest.arrivals import closed_loop, open_loop
from loadtest.overload_report import Report
from loadtest.service_process import stored_mask_service
from loadtest.upload import Answer, Upload
from tests.models.simulated import IMAGE, Machine, SimulatedBackend
from tests.virtual_time import LoopClock, VirtualTimeLoop

DEADLINE_S = 3.0
SECONDS_PER_IMAGE = 0.1


@pytest.fixture
def anyio_backend(monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    for module in (arrivals, overload):
        monkeypatch.setattr(module, "time", LoopClock)
    return "asyncio", {"loop_factory": VirtualTimeLoop}


class SimulatedUpload(Upload):
    """Sends images to a scheduler in this process."""

    def __init__(self, model: Scheduler) -> None:
        self._model = model

    async def send(self, due: float) -> Answer:
        sent, status, retry_after_s = loop_time(), 200, None
        try:
            async with (
                asyncio.timeout(DEADLINE_S),
                self._model.slot(priority=Priority.INTERACTIVE, timeout_s=DEADLINE_S) as slot,
            ):
                await slot.infer(IMAGE)
        except TimeoutError:
            status = 504
        except GatewayError as error:
            status = error.http
            if isinstance(error, Overloaded) and error.retry_after_s:
                retry_after_s = math.ceil(error.retry_after_s)
        return new_answer(
            due, sent=sent, ended=loop_time(), status=status, retry_after_s=retry_after_s
        )


async def test_in_an_overload_accepted_requests_stay_in_time_and_the_service_recovers() -> None:
    """With the real scheduler, and a simulated backend in virtual time."""
    backend = SimulatedBackend(Machine(lambda _: SECONDS_PER_IMAGE), "cpu")
    model = Scheduler(backend, max_queue=64)
    report = await overload.measure(
        SimulatedUpload(model), lambda: 0, 12, deadline_s=DEADLINE_S, capacity_s=2
    )
    await model.close()
    assert {answer.status for answer in report.answers} <= {200, 503, 504}
    assert len(report.rejected) > len(report.answers) / 4
    assert report.accepted_p95_s <= DEADLINE_S
    assert report.goodput > 0.7
    assert report.recovery_s is not None
    assert report.recovery_s < DEADLINE_S + 5
    assert "goodput" in report.met


@pytest.mark.real
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_real_service_rejects_what_it_cannot_serve_and_recovers(tmp_path: Path) -> None:
    """Its model sleeps, so that no machine serves more than ten images a second."""
    with stored_mask_service(tmp_path, "--slow", request_timeout_s=DEADLINE_S) as service:
        upload = overload.small_upload(service.http_url, service.key)
        start_bytes = service.rss_bytes()
        watching = asyncio.create_task(overload.watch_peak(service.rss_bytes))
        answers, recovery_s = await overload.overload(upload, 30, 6, recovered_s=DEADLINE_S)
        watching.cancel()
        peak_bytes = await watching
    assert {answer.status for answer in answers} <= {200, 503, 504}
    rejected = [answer for answer in answers if answer.status == 503 and answer.retry_after_s]
    assert len(rejected) > len(answers) / 4
    assert any(answer.status == 200 for answer in answers)
    assert recovery_s is not None
    assert peak_bytes < start_bytes + 2 * malloc.KEPT_BYTES


async def test_in_an_open_loop_latency_counts_from_the_scheduled_start() -> None:
    started = []

    async def send(due: float) -> Answer:
        started.append(loop_time())
        if len(started) == 1:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualTimeLoop)
            loop.stall(0.5)  # a stall of the load generator itself
        return new_answer(due, sent=started[-1], ended=loop_time())

    answers = await open_loop(send, rate_hz=20, seconds=0.5)
    assert len(answers) == 10
    assert [answer.due - answers[0].due for answer in answers] == pytest.approx(
        [number / 20 for number in range(10)]
    )
    assert answers[1].after_upload_s < 0.1
    assert answers[1].latency_s > 0.4
    assert answers[5].latency_s > 0.2


async def test_in_an_open_loop_a_slow_answer_delays_no_other_request() -> None:
    async def send(due: float) -> Answer:
        sent = loop_time()
        await asyncio.sleep(0.5)
        return new_answer(due, sent=sent, ended=loop_time())

    answers = await open_loop(send, rate_hz=20, seconds=0.5)
    assert max(answer.sent for answer in answers) < min(answer.ended for answer in answers) + 0.1


async def test_in_a_closed_loop_rejected_callers_wait_for_their_retry_after() -> None:
    async def send(due: float) -> Answer:
        return new_answer(due, sent=due, ended=due, status=503, retry_after_s=0.2)

    assert len(await closed_loop(send, concurrency=2, seconds=0.5)) == 6


def test_cutouts_after_the_deadline_do_not_count_as_goodput() -> None:
    report = Report(
        deadline_s=2,
        capacity_hz=2,
        idle_s=0.5,
        answers=[
            *(
                new_answer(number / 4, sent=number / 4, ended=number / 4 + 1)
                for number in range(19)
            ),
            *(new_answer(number / 4, sent=number / 4, ended=number / 4 + 3) for number in range(9)),
            *(new_answer(0, sent=1, ended=1.02, status=503, retry_after_s=1) for _ in range(20)),
        ],
        rss_start_bytes=0,
        rss_max_bytes=0,
        recovery_s=11,
    )
    assert report.goodput == pytest.approx(19 / 5.5 / 2)
    assert report.rejected_p95_s == pytest.approx(0.02)
    assert report.met == {"goodput": True, "accepted": False, "rejected": True, "recovery": False}
    assert report.table().row_count == 8


def new_answer(
    due: float,
    *,
    sent: float,
    ended: float,
    status: int = 200,
    retry_after_s: float | None = None,
) -> Answer:
    return Answer(due, sent, ended, status, retry_after_s)
