"""The operators' page: what it says of the numbers, and who sees it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import OperationalError

from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage_store import UsageStore
from gateway.bulk.worker_store import WorkerStore
from gateway.dashboard.health import readings
from gateway.dashboard.health.cards import Card, Level, cards, overall
from gateway.dashboard.health.readings import ModelReading, Readings, StoreReading
from gateway.identity.members import Role
from gateway.models.model import Health, QueueState
from gateway.observability.metrics import BULK_WAITING, PIXELS_IN_FLIGHT, REFUSALS
from tests.dashboard.conftest import Site

STATUS = "/dashboard/status"
NOON = datetime(2026, 11, 27, 12, 3, tzinfo=UTC)

MODEL = ModelReading(
    "isnet",
    "general-1",
    Health("triton-gpu", "general-1-f16"),
    QueueState(interactive=1, bulk=40, wait_s=2.1),
    seconds_per_image=0.05,
    failing_since=None,
)
FINE = Readings(
    version="1.2.3",
    started_at=NOON,
    models=(MODEL,),
    uses_triton=True,
    refusals={},
    recent_errors={"bad-image": 9},
    pixels=12e6,
    max_pixels=200e6,
    upload_bytes=0,
    max_upload_bytes=2**30,
    disk_free_bytes=60 * 2**30,
    disk_bytes=100 * 2**30,
    database=StoreReading("SQLite", 0.002),
    limits_store=StoreReading("memory", 0.0),
    limits_fail="open",
    limits_failures=0,
    bulk_waiting=0,
    bulk_waiting_s=0,
    workers=1,
)


def card(title: str, **changes: object) -> Card:
    """The card of a subject, with readings that differ from fine ones."""
    shown = cards(replace(FINE, **changes))  # type: ignore[arg-type]
    (found,) = [each for each in shown if each.title == title]
    return found


def model_card(health: Health, failing_since: datetime | None, **changes: object) -> Card:
    model = replace(MODEL, health=health, failing_since=failing_since)
    return card("Model isnet", models=(model,), **changes)


def test_all_is_well() -> None:
    assert {each.level for each in cards(FINE)} == {Level.GOOD}
    facts = dict(card("Model isnet").facts)
    assert facts["Precision"] == "f16"
    assert (facts["Images in the queue"], facts["Of bulk jobs"]) == ("1", "40")
    assert facts["Wait for a new image"] == "2.1 s"
    assert facts["Time per image"] == "50 ms"
    assert card("Memory").sentence == "Requests that run use 6% of the memory for them."


@pytest.mark.parametrize(
    ("health", "failing_since", "uses_triton", "level", "sentence"),
    [
        (Health("triton-gpu", ""), None, True, "good", "Triton answers, on a GPU."),
        (Health("cpu", ""), None, False, "good", "The CPU of this process computes the masks."),
        (
            Health("cpu", ""),
            NOON,
            True,
            "warning",
            "Images go to the CPU because Triton has not answered since 27 Nov 2026, 12:03 UTC.",
        ),
        (
            Health("", ""),
            NOON,
            True,
            "danger",
            "Images are rejected with 503 because Triton has not answered since "
            "27 Nov 2026, 12:03 UTC.",
        ),
    ],
)
def test_the_model_says_who_computes_and_why(
    health: Health, failing_since: datetime | None, uses_triton: bool, level: str, sentence: str
) -> None:
    shown = model_card(health, failing_since, uses_triton=uses_triton)
    assert (shown.level, shown.sentence) == (level, sentence)


@pytest.mark.parametrize(
    ("title", "changes", "level", "part"),
    [
        ("Disk", {"disk_free_bytes": 10 * 2**30}, "warning", "10% of"),
        ("Disk", {"disk_free_bytes": 2**30}, "danger", "Once it is full"),
        ("Memory", {"pixels": 190e6}, "warning", "95%"),
        ("Database", {"database": StoreReading("PostgreSQL", None)}, "danger", "does not answer"),
        ("Rate limits", {"limits_store": StoreReading("Valkey", 0.001)}, "good", "in 1 ms"),
        ("Rate limits", {"limits_store": StoreReading("Valkey", None)}, "warning", "requests pass"),
        (
            "Rate limits",
            {"limits_store": StoreReading("Valkey", None), "limits_fail": "closed"},
            "danger",
            "rejected with 503",
        ),
        ("Bulk jobs", {"workers": 0}, "warning", "No processes run bulk jobs"),
        ("Bulk jobs", {"workers": None}, "danger", "cannot be read"),
        ("Bulk jobs", {"bulk_waiting": 1, "bulk_waiting_s": 30}, "good", "1 job waits"),
        ("Bulk jobs", {"bulk_waiting": 3, "bulk_waiting_s": 4e3}, "warning", "for 67 minutes"),
    ],
)
def test_each_subject_says_what_is_wrong(
    title: str, changes: dict[str, object], level: str, part: str
) -> None:
    shown = card(title, **changes)
    assert shown.level == level
    assert part in shown.sentence


def test_rejections_are_told_by_reason() -> None:
    title = "Rejected requests"
    assert card(title).sentence == "No requests were rejected in the last hour."
    recent = {"rate-limited": 2, "overloaded": 1, "bad-option": 5}
    shown = card(title, recent_errors=recent, refusals={"queue": 30, "rate limit": 11})
    assert shown.sentence == "3 requests were rejected in the last hour."
    assert shown.facts[:2] == (("Rate limit exceeded", "2"), ("Service is overloaded", "1"))
    assert shown.facts[2] == ("This process, since 27 Nov 2026, 12:03 UTC", "41")
    assert ("– the model's queue was too long to finish in time", "30") in shown.facts


async def test_recent_errors_are_those_of_all_accounts_in_the_last_hour(site: Site) -> None:
    minute = int(time.time()) // 60 * 60
    usage = UsageStore(site.dashboard.engine)
    counts = {
        (1, minute): {"error:overloaded": 2, "requests": 9},
        (2, minute): {"error:internal": 1},
    }
    old = {(1, minute - 7200): {"error:overloaded": 50}}
    usage.write(counts, {})
    usage.write(old, {})
    now = await readings.read(site.dashboard)
    assert now.recent_errors == {"internal": 1, "overloaded": 2}


def test_the_worst_card_sums_up() -> None:
    shown = cards(replace(FINE, workers=0, disk_free_bytes=2**30))
    assert overall(shown).title == "Disk"


@contextmanager
def counted() -> Iterator[None]:
    """Numbers of the metrics that differ from those of other tests."""
    PIXELS_IN_FLIGHT.set(123e6)
    BULK_WAITING.set(7)
    REFUSALS.labels("pixels").inc()
    try:
        yield
    finally:
        PIXELS_IN_FLIGHT.set(0)
        BULK_WAITING.set(0)


async def test_the_readings_are_those_of_the_objects_and_metrics(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted():
        now = await readings.read(site.dashboard)
    assert (now.pixels, now.bulk_waiting) == (123e6, 7)
    assert now.refusals["pixels"] >= 1
    assert now.models[0].health == Health("cpu", "half-1")
    assert now.database.name == "SQLite"
    assert now.database.answer_s
    assert (now.limits_store.name, now.workers) == ("memory", 0)
    assert now.disk_bytes > now.disk_free_bytes > 0

    def fail() -> None:
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(site.dashboard.engine, "connect", fail)
    monkeypatch.setattr(WorkerStore, "last_heartbeats", lambda _: fail())
    down = await readings.read(site.dashboard)
    assert (down.database.answer_s, down.workers) == (None, None)


async def test_a_store_of_rate_limits_that_is_down_does_not_answer() -> None:
    limits = RateLimits("valkey://127.0.0.1:1", fail="open")
    assert limits.store == "Valkey"
    assert not await limits.answers()
    await limits.close()


async def test_administrators_see_it_and_nobody_else(site: Site) -> None:
    admin = site.dashboard.identity.users.create("root@example.com", is_admin=True)
    account = site.dashboard.accounts.find("default")
    site.dashboard.identity.members.add(account.id, admin.id, Role.OWNER)
    root, ada = await site.signed_in(admin), await site.signed_in(site.user())
    page = (await root.open(STATUS)).text
    assert "The CPU of this process computes the masks." in page
    assert f'data-refresh="{STATUS}/cards"' in page
    part = (await root.open(f"{STATUS}/cards")).text
    assert "<html" not in part
    assert f'data-refresh="{STATUS}/cards"' in part
    for path in (STATUS, f"{STATUS}/cards"):
        assert (await ada.open(path)).status_code == 403
        assert (await site.browser().open(path)).status_code == 303
        assert (await site.browser().client.get(path)).status_code == 401
