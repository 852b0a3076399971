"""`make bench-gate`: costs of checking an API key, of its limits, and of counting what it uses."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from gateway import server
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.keys import KeyStore
from gateway.settings import Settings
from loadtest import usage_cost
from tests.servers import valkey

RATE, SECONDS, ROUNDS, KEYS = 200, 5, 3, 10
"""Requests per second, of how many keys; each key is read from the database every 5 seconds."""
PIXELS = 1_000_000
GENEROUS = Limits(1_000_000, 1_000_000)


async def latencies_s(authenticator: Authenticator, secrets: list[str]) -> list[float]:
    """Return the seconds of each check, at a constant rate however long they take."""
    latencies: list[float] = []

    async def check(secret: str) -> None:
        started = time.perf_counter()
        async with authenticator.request(secret, "127.0.0.1", []) as caller:
            await caller.spend_pixels(PIXELS)
            caller.charge_image()
        latencies.append(time.perf_counter() - started)

    tasks = []
    first = time.perf_counter()
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, first + number / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(check(secrets[number % KEYS])))
    await asyncio.gather(*tasks)
    return latencies


async def main() -> None:
    """Print the medians of interleaved rounds."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        costs = await usage_cost.measure(database.connect(settings.database), settings)
    table = Table("with", "CPU ms", "more CPU ms", title="CPU time of a request")
    for name, values in costs.items():
        table.add_row(name, *(f"{value:.3f}" for value in values))
    Console().print(table)
    await _compare_stores()


async def _compare_stores() -> None:
    figures: dict[str, list[tuple[float, float, float]]] = {"memory": [], "Valkey": []}
    with tempfile.TemporaryDirectory() as folder, valkey.running() as store:
        base = Settings(data_dir=Path(folder))
        engine = database.connect(base.database)
        account = AccountStore(engine).find(DEFAULT)
        keys = KeyStore(engine)
        secrets = [keys.create("bench", account.id, limits=GENEROUS)[1] for _ in range(KEYS)]
        for _ in range(ROUNDS):
            for name, url in (("memory", ""), ("Valkey", store.url)):
                settings = base.model_copy(update={"rate_limit_url": url})
                async with server.authentication(engine, settings) as authenticator:
                    await latencies_s(authenticator, secrets)  # warms up
                    cpu_s = time.process_time()
                    latencies = await latencies_s(authenticator, secrets)
                    cpu_s = (time.process_time() - cpu_s) / len(latencies)
                centiles = statistics.quantiles(latencies, n=100)
                figures[name].append((centiles[49], centiles[94], cpu_s))
    table = Table("limits in", "p50 ms", "p95 ms", "CPU ms", title=f"At {RATE} requests/s")
    for name, rounds in figures.items():
        medians = (statistics.median(column) for column in zip(*rounds, strict=True))
        table.add_row(name, *(f"{1000 * value:.2f}" for value in medians))
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(main())
