"""Prometheus watches a real service during incidents: alerts fire, and end."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest

from tests import waiting
from tests.observability.queries import GPU_METRICS, QUERIES, metrics, with_variables
from tests.observability.rules import FILES, FOLDER, accelerated
from tests.observability.scene import Scene
from tests.servers import prometheus
from tests.servers.prometheus import Prometheus

pytestmark = pytest.mark.real

wait_until = partial(waiting.wait_until, timeout_s=600, every_s=0.2)
CALLERS = 8
LONG_WINDOW_ALERTS = {"ClearbgErrorBudgetBurnsSlowly"} | {
    f"ClearbgLatencyBudgetBurns{pace}" for pace in ("Fast", "Slowly")
}
"""They last for minutes even when accelerated, and fire on a busy machine, which is slow."""
EXAMPLE_PORTS = {"8081": "clearbg-gateway", "8091": "clearbg-worker", "8002": "clearbg-triton"}


@pytest.fixture(scope="module")
def prometheus_server(
    scene: Scene, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Run Prometheus with the example configuration and the rules, sixty times accelerated."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = accelerated((FOLDER / "prometheus.yml").read_text())
    for port, job in EXAMPLE_PORTS.items():
        config = config.replace(f"127.0.0.1:{port}", f"127.0.0.1:{scene.ports[job]}")
    (folder / "prometheus.yml").write_text(config)
    (folder / "rules").mkdir()
    for file in FILES:
        (folder / "rules" / file.name).write_text(accelerated(file.read_text()))
    with prometheus.running(folder / "prometheus.yml", folder) as server:
        wait_until(lambda: server.up() == dict.fromkeys(EXAMPLE_PORTS.values(), "up"))
        yield server


@contextmanager
def sending_images(scene: Scene, callers: int, pause_s: float) -> Iterator[None]:
    """Send images from several callers until the block ends."""
    ended = threading.Event()

    def call() -> None:
        while not ended.wait(pause_s):
            scene.send()

    with ThreadPoolExecutor(callers) as pool:
        calls = [pool.submit(call) for _ in range(callers)]
        try:
            yield
        finally:
            ended.set()
    for call_ in calls:
        call_.result()


def firing(prometheus_server: Prometheus) -> set[str]:
    """Return the alerts that fire, without those that depend on the machine's speed."""
    return prometheus_server.firing() - LONG_WINDOW_ALERTS


def wait_for_end(prometheus_server: Prometheus, alerts: set[str]) -> None:
    wait_until(lambda: not alerts & firing(prometheus_server), lambda: firing(prometheus_server))


def test_nothing_fires_without_an_incident(prometheus_server: Prometheus, scene: Scene) -> None:
    with sending_images(scene, 1, pause_s=0.2):
        wait_until(lambda: (prometheus_server.value("clearbg:cutouts:rate5m") or 0) > 0)
        for _ in range(5):
            assert not firing(prometheus_server)
            time.sleep(1)


def test_an_overload(prometheus_server: Prometheus, scene: Scene) -> None:
    with sending_images(scene, CALLERS, pause_s=0):
        alerts = {"ClearbgOverloaded", "ClearbgErrorBudgetBurnsFast"}
        wait_until(lambda: alerts <= firing(prometheus_server), lambda: firing(prometheus_server))
    wait_for_end(
        prometheus_server, {"ClearbgOverloaded"}
    )  # the error budget's window of half an hour lasts 30 s


def test_repeated_crashes_of_triton(prometheus_server: Prometheus, scene: Scene) -> None:
    alerts = {"ClearbgBreakerOpen", "ClearbgFallbackActive", "ClearbgTargetDown"}

    def fire_after_kill() -> bool:
        if not scene.service.metric("clearbg_breaker_open"):
            scene.kill_triton()  # after each restart, until it has been down for long enough
        return alerts <= firing(prometheus_server)

    with sending_images(scene, 1, pause_s=0.2):
        wait_until(fire_after_kill, lambda: firing(prometheus_server))
        assert scene.send() == 200
        wait_for_end(prometheus_server, alerts)


def test_a_full_disk(prometheus_server: Prometheus, scene: Scene) -> None:
    scene.disk.fill()
    wait_until(
        lambda: "ClearbgDiskNearlyFull" in firing(prometheus_server),
        lambda: firing(prometheus_server),
    )
    scene.disk.relieve()
    wait_for_end(prometheus_server, {"ClearbgDiskNearlyFull"})


def test_nothing_fires_after_the_incidents(prometheus_server: Prometheus) -> None:
    wait_until(lambda: not firing(prometheus_server), lambda: firing(prometheus_server))


def test_every_query_of_the_dashboards_returns_data(
    prometheus_server: Prometheus, scene: Scene
) -> None:
    scene.send_wrong_key()
    scene.send_bulk()
    queries = {query for query in QUERIES if not metrics(query) & GPU_METRICS}

    def empty() -> set[str]:
        return {
            query for query in queries if prometheus_server.value(with_variables(query)) is None
        }

    wait_until(lambda: not empty(), empty)
