"""The numbers of the status page, from the objects and metrics that the service works with."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from prometheus_client import REGISTRY, Counter, Gauge
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.usage_report import UsageReports
from gateway.bulk.worker_store import WorkerStore
from gateway.dashboard.dashboard import Dashboard
from gateway.errors import AccountsUnavailable
from gateway.models.model import Health, QueueState
from gateway.models.models import ServedModel
from gateway.observability.metrics import (
    BULK_WAITING,
    BULK_WAITING_SECONDS,
    PIXELS_IN_FLIGHT,
    RATE_LIMIT_FAILURES,
    REFUSALS,
    UPLOAD_BYTES_IN_FLIGHT,
)

TIMEOUT_S = 3.0
"""For a store's answer."""
RECENT_S = 3600.0
"""What counts as recent."""


@dataclass(frozen=True)
class ModelReading:
    """One model."""

    name: str
    weights: str
    """Version of its weights."""
    health: Health
    queue: QueueState
    seconds_per_image: float | None
    failing_since: datetime | None
    """Since when Triton has not answered; None while it does, or none is used."""


@dataclass(frozen=True)
class StoreReading:
    """A database, or a store of counts."""

    name: str
    answer_s: float | None
    """None: it does not answer."""


@dataclass(frozen=True)
class Readings:
    """Everything, at one moment, of the process that answers."""

    version: str
    started_at: datetime | None
    models: tuple[ModelReading, ...]
    uses_triton: bool
    refusals: dict[str, int]
    """Requests that this process rejected at once since its start, by the limit."""
    recent_errors: dict[str, int]
    """Errors of all replicas' requests with a key in the last `RECENT_S`, by slug."""
    pixels: float
    max_pixels: float
    upload_bytes: float
    max_upload_bytes: float
    disk_free_bytes: int
    disk_bytes: int
    database: StoreReading
    limits_store: StoreReading
    limits_fail: str
    limits_failures: int
    bulk_waiting: int
    bulk_waiting_s: float
    workers: int | None
    """Processes that run bulk jobs; None while the database does not answer."""


async def read(dashboard: Dashboard) -> Readings:
    """Read all numbers; a store that does not answer costs `TIMEOUT_S` at most."""
    settings, limits = dashboard.settings, dashboard.authenticator.limits
    disk, database, limits_store, workers, recent_errors = await asyncio.gather(
        asyncio.to_thread(shutil.disk_usage, settings.data_dir),
        _database(dashboard.engine),
        _store(limits.store, limits.answers),
        _workers(dashboard.engine),
        _recent_errors(dashboard.engine),
    )
    return Readings(
        version=version("clearbg"),
        started_at=_started_at(),
        models=tuple(map(_model, dashboard.handler.remover.models)),
        uses_triton=settings.triton != "off",
        refusals=_refusals(),
        recent_errors=recent_errors,
        pixels=_value(PIXELS_IN_FLIGHT),
        max_pixels=settings.max_megapixels_in_flight * 1e6,
        upload_bytes=_value(UPLOAD_BYTES_IN_FLIGHT),
        max_upload_bytes=settings.max_upload_bytes_in_flight,
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
        database=database,
        limits_store=limits_store,
        limits_fail=settings.rate_limit_fail,
        limits_failures=int(_value(RATE_LIMIT_FAILURES)),
        bulk_waiting=int(_value(BULK_WAITING)),
        bulk_waiting_s=_value(BULK_WAITING_SECONDS),
        workers=workers,
    )


def _model(served: ServedModel) -> ModelReading:
    health = served.model.health
    failing_s = health.failing_s
    return ModelReading(
        served.name,
        served.version,
        health,
        served.model.queue,
        served.model.seconds_per_image,
        None if failing_s is None else datetime.now(UTC) - timedelta(seconds=failing_s),
    )


def _value(metric: Gauge | Counter) -> float:
    return next(iter(metric.collect())).samples[0].value


def _refusals() -> dict[str, int]:
    samples = next(iter(REFUSALS.collect())).samples
    return {each.labels["by"]: int(each.value) for each in samples if each.value}


async def _recent_errors(engine: Engine) -> dict[str, int]:
    with contextlib.suppress(AccountsUnavailable, TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            return await UsageReports(engine).errors_of_all(time.time() - RECENT_S)
    return {}


def _started_at() -> datetime | None:
    """Return when this process started; None where the operating system does not say."""
    started_s = REGISTRY.get_sample_value("process_start_time_seconds")
    return datetime.fromtimestamp(started_s, UTC) if started_s else None


async def _store(name: str, answers: Callable[[], Awaitable[bool]]) -> StoreReading:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            is_up = await answers()
    except (SQLAlchemyError, TimeoutError):
        is_up = False
    return StoreReading(name, time.perf_counter() - started if is_up else None)


async def _database(engine: Engine) -> StoreReading:
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

    def query() -> bool:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT 1")))

    name = names.get(engine.dialect.name, engine.dialect.name)
    return await _store(name, lambda: asyncio.to_thread(query))


async def _workers(engine: Engine) -> int | None:
    """Count the workers: each process deletes those whose heartbeats have stopped."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return len(await asyncio.to_thread(WorkerStore(engine).last_heartbeats))
    except (SQLAlchemyError, TimeoutError):
        return None
