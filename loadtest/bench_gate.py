"""`make bench-gate`: what it costs to check a key and to count a request and its pixels."""

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
from gateway.accounts.gate import Gate
from gateway.accounts.keys import KeyStore, Limits
from gateway.settings import Settings
from tests.servers import valkey

RATE, SECONDS, ROUNDS, KEYS = 200, 5, 3, 10
"""Requests a second, by so many keys: each is asked of the database anew every 5 seconds."""
PIXELS = 1_000_000
GENEROUS = Limits(1_000_000, 1_000_000)


async def latencies_s(gate: Gate, secrets: list[str]) -> list[float]:
    """Seconds of each check, at a constant rate whatever they take."""
    spent: list[float] = []

    async def one(secret: str) -> None:
        started = time.perf_counter()
        visit = await gate.enter(secret, "127.0.0.1", [])
        await visit.spend_pixels(PIXELS)
        spent.append(time.perf_counter() - started)

    tasks = []
    first = time.perf_counter()
    for number in range(RATE * SECONDS):
        await asyncio.sleep(max(0.0, first + number / RATE - time.perf_counter()))
        tasks.append(asyncio.create_task(one(secrets[number % KEYS])))
    await asyncio.gather(*tasks)
    return spent


async def main() -> None:
    """Print the medians of interleaved rounds."""
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
                async with server.gate(engine, settings) as gate:
                    await latencies_s(gate, secrets)  # warm
                    cpu_s = time.process_time()
                    spent = await latencies_s(gate, secrets)
                    cpu_s = (time.process_time() - cpu_s) / len(spent)
                centiles = statistics.quantiles(spent, n=100)
                figures[name].append((centiles[49], centiles[94], cpu_s))
    table = Table("limits in", "p50 ms", "p95 ms", "CPU ms", title=f"At {RATE} requests/s")
    for name, rounds in figures.items():
        medians = (statistics.median(column) for column in zip(*rounds, strict=True))
        table.add_row(name, *(f"{1000 * value:.2f}" for value in medians))
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(main())
