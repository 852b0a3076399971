"""Prometheus itself watches a real service through an incident: alerts come, and go."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.observability.queries import QUERIES, WITH_A_GPU, filled_in, metrics
from tests.observability.rules import FILES, FOLDER, hastened
from tests.observability.scene import Scene
from tests.servers import prometheus
from tests.servers.prometheus import Prometheus

WITHIN_S = 120
CALLERS = 8
OF_LONG_WINDOWS = {"ClearbgErrorBudgetBurnsSlowly"} | {
    f"ClearbgLatencyBudgetBurns{pace}" for pace in ("Fast", "Slowly")
}
"""They last for minutes here too, and a busy machine is slow."""
USUAL_PORTS = {"8081": "clearbg-gateway", "8091": "clearbg-worker", "8002": "clearbg-triton"}


@pytest.fixture(scope="module")
def watch(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """The example configuration and the rules, a minute taking a second, at the scene."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = hastened((FOLDER / "prometheus.yml").read_text())
    for usual, job in USUAL_PORTS.items():
        config = config.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{scene.ports[job]}")
    (folder / "prometheus.yml").write_text(config)
    (folder / "rules").mkdir()
    for file in FILES:
        (folder / "rules" / file.name).write_text(hastened(file.read_text()))
    with prometheus.running(folder / "prometheus.yml", folder) as watch:
        until(lambda: watch.up() == dict.fromkeys(USUAL_PORTS.values(), "up"))
        yield watch


def until(condition: Callable[[], bool], why: Callable[[], object] = lambda: "") -> None:
    """Wait for it."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.2)


@contextmanager
def calling(scene: Scene, callers: int, pause_s: float) -> Iterator[None]:
    """So many callers send images inside the block."""
    over = threading.Event()

    def call() -> None:
        while not over.wait(pause_s):
            scene.send()

    with ThreadPoolExecutor(callers) as pool:
        calls = [pool.submit(call) for _ in range(callers)]
        try:
            yield
        finally:
            over.set()
    for done in calls:
        done.result()


def firing(watch: Prometheus) -> set[str]:
    """The alerts that fire, but for those that the machine's speed decides."""
    return watch.firing() - OF_LONG_WINDOWS


def end(watch: Prometheus, alerts: set[str]) -> None:
    """Wait until none of these fires."""
    until(lambda: not alerts & firing(watch), lambda: firing(watch))


def test_nothing_fires_while_all_is_well(watch: Prometheus, scene: Scene) -> None:
    with calling(scene, 1, pause_s=0.2):
        until(lambda: (watch.value("clearbg:cutouts:rate5m") or 0) > 0)
        for _ in range(5):
            assert not firing(watch)
            time.sleep(1)


def test_more_is_asked_for_than_can_be_done(watch: Prometheus, scene: Scene) -> None:
    with calling(scene, CALLERS, pause_s=0):
        alerts = {"ClearbgOverloaded", "ClearbgErrorBudgetBurnsFast"}
        until(lambda: alerts <= firing(watch), lambda: firing(watch))
    end(watch, {"ClearbgOverloaded"})  # the error budget's half hour goes on for 30 s


def test_triton_crashes_again_and_again(watch: Prometheus, scene: Scene) -> None:
    alerts = {"ClearbgBreakerOpen", "ClearbgFallbackActive", "ClearbgTargetDown"}

    def struck() -> bool:
        if not scene.service.metric("clearbg_breaker_open"):
            scene.kill_triton()  # each time that it is back: at last it is away for long enough
        return alerts <= firing(watch)

    with calling(scene, 1, pause_s=0.2):
        until(struck, lambda: firing(watch))
        assert scene.send() == 200
        end(watch, alerts)


def test_the_disk_is_full(watch: Prometheus, scene: Scene) -> None:
    scene.disk.fill()
    until(lambda: "ClearbgDiskNearlyFull" in firing(watch), lambda: firing(watch))
    scene.disk.relieve()
    end(watch, {"ClearbgDiskNearlyFull"})


def test_all_is_well_again(watch: Prometheus) -> None:
    until(lambda: not firing(watch), lambda: firing(watch))


def test_every_panel_has_something_to_show(watch: Prometheus, scene: Scene) -> None:
    scene.send_wrong_key()
    scene.send_bulk()
    asked = {query for query in QUERIES if not metrics(query) & WITH_A_GPU}

    def empty() -> set[str]:
        return {query for query in asked if watch.value(filled_in(query)) is None}

    until(lambda: not empty(), empty)
