"""`make rehearsal`: run every event under load, print a table, and write JSON.

    python -m loadtest.rehearsal [EVENT…]

With words, only the events whose name contains one of them.
"""

import asyncio
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from rich.console import Console

from loadtest.rehearsal import cluster as clusters
from loadtest.rehearsal import envoy, events, network
from loadtest.rehearsal.cluster import Cluster
from loadtest.rehearsal.load import Load
from loadtest.rehearsal.outcomes import Outcomes
from serving.photos import PHOTOS
from tests import reduced_model

RESULTS = Path(__file__).parents[1] / "results" / "rehearsal.json"
CALLERS, MEASURED_S = 4, 20.0
LOAD = 0.4
"""Share of the measured capacity."""
QUIET_S = 8.0
"""Load before the first event, and after each."""
PHOTO_SIZE = (640, 480)


async def rehearse(cluster: Cluster, words: list[str], console: Console) -> bool:
    """Run the events under load; return whether all passed, and no bulk job is lost."""
    key = cluster.clearbg("keys", "create", "--name", "rehearsal")
    photo = cluster.folder / "photo.jpg"
    Image.fromarray(PHOTOS[0].pixels()).resize(PHOTO_SIZE).save(photo)
    outcomes = Outcomes()
    load = Load(f"{cluster.proxy.address}:{envoy.PORT}", key, photo, outcomes)
    capacity = await load.images_per_second(CALLERS, MEASURED_S)
    console.print(f"capacity: {capacity:.2f} images/s; load: {LOAD:g} of it")
    async with load.running(LOAD * capacity):
        await asyncio.sleep(QUIET_S)
        for event in events.of(cluster):
            if words and not any(word in event.name for word in words):
                continue
            outcome = outcomes.begin(event.name, event.expected)
            started = time.monotonic()
            await asyncio.to_thread(event.happen)
            outcome.seconds = time.monotonic() - started
            await asyncio.sleep(QUIET_S)
            console.print(vars(outcome))
    lost = load.accepted - load.completed
    await load.close()
    outcomes.write(
        cluster.folder / RESULTS.name if words else RESULTS,
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        capacity_images_per_s=round(capacity, 2),
        load=LOAD,
        jobs=len(load.accepted),
        jobs_lost=len(lost),
    )
    console.print(outcomes.table())
    console.print(f"{len(load.accepted)} bulk jobs, {len(lost)} lost")
    return not lost and all(outcome.is_passed for outcome in outcomes.events)


def main(words: list[str]) -> int:
    """Return the exit status: 0 if nothing failed that must not."""
    console = Console(width=160)
    if os.geteuid():
        console.print("The rehearsal needs root, for network namespaces: skipped.")
        return 0
    reduced_model.build()
    with network.opened() as net, tempfile.TemporaryDirectory(prefix="clearbg-") as folder:
        with net.client.entered(), clusters.running(net, Path(folder)) as cluster:
            return int(not asyncio.run(rehearse(cluster, words, console)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
