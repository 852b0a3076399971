import csv
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.keys import KeyStore
from loadtest.service_under_load import ready_service
from loadtest.traffic import chart
from loadtest.traffic.__main__ import run
from tests.end_to_end.service import Service

pytestmark = pytest.mark.real

SMALL = "--photo-mp 0.1 --stream-images 2 --bulk-images 2 --spawn-rate 10 --stop-timeout 300"
ANSWER_S = 0.25


def rows(folder: Path, name: str) -> dict[str, dict[str, str]]:
    """Locust's statistics, by the names of the requests."""
    with (folder / f"{name}_stats.csv").open() as file:
        return {row["Name"]: row for row in csv.DictReader(file) if row["Type"]}


def test_all_four_kinds_of_users_are_answered(service: Service, tmp_path: Path) -> None:
    options = f"{SMALL} --users 4 --run-time 4s --mix http,grpc,stream,bulk"
    assert run(service, "all", options, tmp_path) == 0
    counted = rows(tmp_path, "all")
    assert {
        "/v1/removebg",
        "RemoveBackground",
        "RemoveBackgroundStream",
        "/v1/bulk upload",
        "/v1/bulk job",
    } <= counted.keys()
    assert {row["Failure Count"] for row in counted.values()} == {"0"}
    assert "/v1/removebg" in (tmp_path / "all.html").read_text()
    requests = chart.read(tmp_path / "all_requests.csv")
    assert len(requests) == sum(int(row["Request Count"]) for row in counted.values())


def test_tags_choose_users(service: Service, tmp_path: Path) -> None:
    assert run(service, "tags", f"{SMALL} --users 1 --run-time 2s --tags stream", tmp_path) == 0
    assert rows(tmp_path, "tags").keys() == {"RemoveBackgroundStream"}


def test_an_unexpected_answer_makes_the_run_fail(service: Service, tmp_path: Path) -> None:
    wrong = replace(service, api_key="wrong")
    options = f"{SMALL} --users 4 --run-time 1s --shape steady --mix http,grpc,stream,bulk"
    assert run(wrong, "wrong", options, tmp_path) == 1
    counted = rows(tmp_path, "wrong")
    assert len(counted) == 4
    assert all(int(row["Failure Count"]) for row in counted.values())


@pytest.mark.parametrize(("refusals", "code"), [("expected", 0), ("failures", 1)])
def test_rejections_are_counted_separately(
    service: Service, tmp_path: Path, refusals: str, code: int
) -> None:
    limited = replace(service, api_key=limited_key(service))
    options = f"{SMALL} --users 3 --run-time 3s --mix http,grpc,stream --refusals {refusals}"
    assert run(limited, "limited", options, tmp_path) == code
    rejected = {name for name in rows(tmp_path, "limited") if name.endswith(" refused")}
    assert len(rejected) >= 2


def test_in_an_open_loop_latency_counts_from_the_schedule(
    slow_url: str, service: Service, tmp_path: Path
) -> None:
    slow = replace(service, url=slow_url)
    options = f"{SMALL} --users 1 --run-time 4s --mix http"
    assert run(slow, "open", f"{options} --arrivals 10", tmp_path) == 0
    assert run(slow, "closed", options, tmp_path) == 0
    opened, closed = (chart.read(tmp_path / f"{name}_requests.csv") for name in ("open", "closed"))
    assert len(opened) >= 15
    assert max(row.latency_s for row in opened) > 4 * ANSWER_S
    assert len(closed) <= 17
    gaps = [b.started_s - a.started_s for a, b in zip(opened, opened[1:], strict=False)]
    assert max(gaps) < ANSWER_S


def test_a_chart_is_drawn(tmp_path: Path) -> None:
    lines = ["timestamp,request_type,name,response_time_ms,response_length,status_code,exception"]
    for number in range(100):
        name = "/v1/removebg" if number % 3 else "/v1/removebg refused"
        lines.append(f"{1e9 + number / 2},HTTP,{name},{number * 10},1,200,")
    requests_csv = tmp_path / "requests.csv"
    requests_csv.write_text("\n".join(lines))
    chart.draw(requests_csv, tmp_path / "ramp.png")
    assert (tmp_path / "ramp.png").stat().st_size < 150_000


def limited_key(service: Service) -> str:
    engine = database.connect(f"sqlite:///{service.log.parent / 'clearbg.db'}")
    try:
        account = AccountStore(engine).find(DEFAULT)
        return KeyStore(engine).create("limited", account.id, limits=Limits(1, 0))[1]
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with ready_service(folder, triton="off", request_timeout_s=300) as service:
        yield service


@pytest.fixture
def slow_url() -> Iterator[str]:
    """The URL of a server that answers one request after the other."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(ANSWER_S)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    class Server(HTTPServer):
        request_queue_size = 100

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
