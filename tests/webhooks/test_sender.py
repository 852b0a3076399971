"""Fairness between endpoints, and what a stop, a crash or an odd answer does to deliveries."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.concurrency import running_in_background
from gateway.network.outbound import Outbound
from gateway.settings import parse_networks
from gateway.webhooks import delivery_store, sender
from gateway.webhooks.delivery import Delivery
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore
from gateway.webhooks.sender import WebhookSender
from gateway.webhooks.tables import DeliveryRow
from tests.servers.web import answering
from tests.waiting import until
from tests.webhooks.endpoint import Endpoint


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(sender, "POLL_INTERVAL_S", 0.05)
    engine = database.connect(f"sqlite:///{tmp_path / 'a.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def deliveries(engine: Engine) -> DeliveryStore:
    return DeliveryStore(engine)


def add(engine: Engine, url: str, number: int = 0, account: str = "") -> str:
    accounts = AccountStore(engine)
    owner = accounts.create(account) if account else accounts.find(DEFAULT)
    job_id = f"job_{account}{number}"
    with Session(engine) as session, session.begin():
        delivery_store.add(session, owner.id, job_id, url, {"type": "bulk.completed"})
    return delivery_store.delivery_id(job_id)


def get(deliveries: DeliveryStore, id_: str) -> Delivery:
    delivery = deliveries.find(id_)
    assert delivery
    return delivery


@asynccontextmanager
async def running(engine: Engine, stop_s: float = 60) -> AsyncIterator[None]:
    """Send webhooks inside the block."""
    outbound = Outbound(parse_networks("127.0.0.0/8"), timeout_s=60)
    async with outbound.session():
        webhook_sender = WebhookSender(DeliveryStore(engine), SecretStore(engine), outbound)
        async with running_in_background(webhook_sender.run()):
            yield
        await webhook_sender.stop(stop_s)


async def test_slow_endpoints_of_one_account_delay_no_other_account(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    in_progress = peak = done = 0
    released = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        nonlocal in_progress, peak, done
        in_progress += 1
        peak = max(peak, in_progress)
        await released.wait()
        in_progress -= 1
        done += 1
        return web.Response()

    async with answering(slow) as address:
        for number in range(40):
            add(engine, f"http://{address}/", number)
        async with running(engine):
            await until(lambda: in_progress >= sender.MAX_ATTEMPTS_PER_ACCOUNT)
            id_ = add(engine, endpoint.url, account="another")
            await until(lambda: get(deliveries, id_).status == "delivered")
            released.set()
            await until(lambda: done == 40)
    assert sender.MAX_ATTEMPTS_PER_ACCOUNT <= peak < 2 * sender.MAX_ATTEMPTS_PER_ACCOUNT


async def test_an_attempt_in_progress_finishes_before_a_stop(
    engine: Engine, deliveries: DeliveryStore
) -> None:
    seen: list[str] = []

    async def slow(request: web.Request) -> web.Response:
        seen.append(request.headers["webhook-id"])
        await asyncio.sleep(0.5)
        return web.Response()

    async with answering(slow) as address:
        id_ = add(engine, f"http://{address}/")
        async with running(engine):
            await until(lambda: bool(seen))
    assert get(deliveries, id_).status == "delivered"
    assert seen == [id_]


async def test_an_interrupted_attempt_is_not_recorded_and_is_repeated(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    seen, end = asyncio.Event(), asyncio.Event()

    async def hanging(request: web.Request) -> web.Response:
        seen.set()
        await end.wait()
        return web.Response()

    async with answering(hanging) as address:
        id_ = add(engine, f"http://{address}/")
        async with running(engine, stop_s=0.1):
            await seen.wait()
        end.set()
    interrupted = get(deliveries, id_)
    assert (interrupted.status, interrupted.attempts) == ("pending", ())
    assert timedelta(seconds=30) < interrupted.due_at - datetime.now(UTC) <= delivery_store.LEASE
    with Session(engine) as session, session.begin():
        session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC), url=endpoint.url))
    async with running(engine):
        await until(lambda: get(deliveries, id_).status == "delivered")


@pytest.mark.parametrize(
    ("retry_after", "least_s", "most_s"),
    [
        ("600", 600, 661),
        ("9" * 400, 5, 6),
        ("soon", 5, 6),
        ("in 900 s, as a date", 800, 990),
    ],
    ids=["seconds", "endless", "no number", "date"],
)
async def test_the_next_attempt_waits_for_the_retry_after_of_the_endpoint(
    engine: Engine,
    deliveries: DeliveryStore,
    endpoint: Endpoint,
    retry_after: str,
    least_s: float,
    most_s: float,
) -> None:
    if "date" in retry_after:
        at = datetime.now(UTC) + timedelta(seconds=900)
        retry_after = format_datetime(at, usegmt=True)
    endpoint.statuses, endpoint.headers = [503], {"Retry-After": retry_after}
    id_ = add(engine, endpoint.url)
    async with running(engine):
        await until(lambda: len(get(deliveries, id_).attempts) == 1)
    delivery = get(deliveries, id_)
    (attempt,) = delivery.attempts
    answered_at = datetime.fromisoformat(attempt["at"]) + timedelta(seconds=attempt["seconds"])
    assert least_s - 2 <= (delivery.due_at - answered_at).total_seconds() <= most_s


async def test_two_processes_send_each_webhook_once(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    ids = [add(engine, endpoint.url, number) for number in range(30)]
    async with running(engine), running(engine):
        await until(lambda: all(get(deliveries, id_).status == "delivered" for id_ in ids))
    assert sorted(endpoint.ids) == sorted(ids)


async def test_a_delivery_fails_after_its_last_attempt(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    endpoint.statuses = [500] * 10
    id_ = add(engine, endpoint.url)
    async with running(engine):
        for tries in range(1, 11):
            await until(lambda: get(deliveries, id_).tries == tries)  # noqa: B023 # called at once
            with Session(engine) as session, session.begin():
                session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC)))
    assert get(deliveries, id_).status == "failed"
    assert len(endpoint.received) == 10


def test_only_old_deliveries_that_are_not_pending_are_deleted(
    engine: Engine, deliveries: DeliveryStore
) -> None:
    old_pending, old_failed, new = [add(engine, "http://a", number) for number in range(3)]
    long_ago = datetime.now(UTC) - delivery_store.RETENTION - timedelta(hours=1)
    old = update(DeliveryRow).values(created_at=long_ago)
    with Session(engine) as session, session.begin():
        session.execute(old.where(DeliveryRow.id == old_pending))
        session.execute(old.where(DeliveryRow.id == old_failed).values(status="failed"))
    deliveries.delete_old()
    assert deliveries.find(old_failed) is None
    assert deliveries.find(old_pending)
    assert deliveries.find(new)
