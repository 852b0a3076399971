"""What webhooks may cost others, and what a stop, an outage or an odd answer does to them."""

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
from gateway.outbound import Outbound
from gateway.settings import networks
from gateway.together import beside
from gateway.webhooks import courier, delivery_store
from gateway.webhooks.courier import Courier
from gateway.webhooks.delivery import Delivery
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore
from gateway.webhooks.tables import DeliveryRow
from tests.servers.web import answering
from tests.waiting import until
from tests.webhooks.endpoint import Endpoint


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(courier, "LOOK_EVERY_S", 0.05)
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
    return delivery_store.id_of(job_id)


def found(deliveries: DeliveryStore, id_: str) -> Delivery:
    delivery = deliveries.find(id_)
    assert delivery
    return delivery


@asynccontextmanager
async def running(engine: Engine, stop_s: float = 5) -> AsyncIterator[None]:
    """A courier at work inside the block."""
    outbound = Outbound(networks("127.0.0.0/8"), timeout_s=5)
    async with outbound.session():
        made = Courier(DeliveryStore(engine), SecretStore(engine), outbound)
        async with beside(made.run()):
            yield
        await made.stop(stop_s)


async def test_slow_endpoints_of_one_account_hold_up_no_other(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    open_now = most = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(1)
        open_now -= 1
        return web.Response()

    async with answering(slow) as address:
        for number in range(40):
            add(engine, f"http://{address}/", number)
        async with running(engine):
            await until(lambda: open_now > 0)
            id_ = add(engine, endpoint.url, account="another")
            await until(lambda: found(deliveries, id_).status == "delivered", 1)
            await asyncio.sleep(0.5)
    assert courier.AT_ONCE_AN_ACCOUNT <= most < 2 * courier.AT_ONCE_AN_ACCOUNT


async def test_a_stop_lets_an_attempt_come_to_its_end(
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
    assert found(deliveries, id_).status == "delivered"
    assert seen == [id_]


async def test_an_attempt_that_was_cut_off_is_made_again_and_none_is_noted(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    seen = asyncio.Event()

    async def hanging(request: web.Request) -> web.Response:
        seen.set()
        await asyncio.sleep(3)
        return web.Response()

    async with answering(hanging) as address:
        id_ = add(engine, f"http://{address}/")
        async with running(engine, stop_s=0.1):
            await seen.wait()
    cut = found(deliveries, id_)
    assert (cut.status, cut.attempts) == ("pending", ())
    assert timedelta(seconds=30) < cut.due_at - datetime.now(UTC) <= delivery_store.LEASE
    with Session(engine) as session, session.begin():
        session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC), url=endpoint.url))
    async with running(engine):
        await until(lambda: found(deliveries, id_).status == "delivered")


@pytest.mark.parametrize(
    ("retry_after", "least_s", "most_s"),
    [
        ("600", 600, 661),
        ("9" * 400, 5, 6),
        ("soon", 5, 6),
        (format_datetime(datetime.now(UTC) + timedelta(seconds=900), usegmt=True), 800, 991),
    ],
    ids=["seconds", "endless", "no number", "date"],
)
async def test_an_endpoint_says_when_to_come_back(
    engine: Engine,
    deliveries: DeliveryStore,
    endpoint: Endpoint,
    retry_after: str,
    least_s: float,
    most_s: float,
) -> None:
    endpoint.statuses, endpoint.headers = [503], {"Retry-After": retry_after}
    id_ = add(engine, endpoint.url)
    async with running(engine):
        await until(lambda: len(found(deliveries, id_).attempts) == 1)
    pause = found(deliveries, id_).due_at - datetime.now(UTC)
    assert least_s - 2 <= pause.total_seconds() <= most_s


async def test_two_processes_make_each_attempt_once(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    ids = [add(engine, endpoint.url, number) for number in range(30)]
    async with running(engine), running(engine):
        await until(lambda: all(found(deliveries, id_).status == "delivered" for id_ in ids), 20)
    assert sorted(endpoint.ids) == sorted(ids)


async def test_after_the_last_attempt_it_has_failed(
    engine: Engine, deliveries: DeliveryStore, endpoint: Endpoint
) -> None:
    endpoint.statuses = [500] * 10
    id_ = add(engine, endpoint.url)
    async with running(engine):
        for tries in range(1, 11):
            await until(lambda: found(deliveries, id_).tries == tries)  # noqa: B023 # now
            with Session(engine) as session, session.begin():
                session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC)))
    assert found(deliveries, id_).status == "failed"
    assert len(endpoint.received) == 10


def test_only_old_ones_that_are_no_longer_tried_are_forgotten(
    engine: Engine, deliveries: DeliveryStore
) -> None:
    kept, gone, new = [add(engine, "http://a", number) for number in range(3)]
    long_ago = datetime.now(UTC) - delivery_store.KEPT - timedelta(hours=1)
    old = update(DeliveryRow).values(created_at=long_ago)
    with Session(engine) as session, session.begin():
        session.execute(old.where(DeliveryRow.id == kept))
        session.execute(old.where(DeliveryRow.id == gone).values(status="failed"))
    deliveries.forget_old()
    assert [deliveries.find(id_) is None for id_ in (kept, gone, new)] == [False, True, False]
