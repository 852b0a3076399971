"""The comparison with rembg counts what it says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from loadtest.rivals.cell import Cell, Outcome, measure
from loadtest.rivals.report import Report, summary
from loadtest.rivals.server import Server

PAUSE_S = 1
OUTCOME = Outcome(2.0, (0.5, 0.7), 0.4, 900, 1e6, rejections=1, failed=0)


@contextmanager
def answering(*statuses: int) -> Iterator[Server]:
    """Run a server that answers with these statuses, then always with 200."""
    remaining = iter(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is http.server's
            self.rfile.read(int(self.headers["Content-Length"]))
            status = next(remaining, 200)
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", str(PAUSE_S))
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"0123456789")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        yield Server("a server", url, psutil.Process(), "/cut-out", "file")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_rejected_image_is_sent_again_and_its_pause_counts() -> None:
    with answering(503) as server:
        outcome = measure(server, [b"image"] * 3, Cell(1, callers=1))
    assert (outcome.rejections, outcome.failed, outcome.output_bytes) == (1, 0, 10)
    assert len(outcome.latencies_s) == 3
    assert outcome.latencies_s[0] >= PAUSE_S
    assert outcome.images_per_s <= 3 / PAUSE_S


def test_an_image_without_a_cut_out_has_failed() -> None:
    with answering(500, 400) as server:
        outcome = measure(server, [b"image"] * 4, Cell(1, callers=2))
    assert (outcome.rejections, outcome.failed, len(outcome.latencies_s)) == (0, 2, 2)


def test_rounds_are_summarised_without_hiding_rejections() -> None:
    worse = replace(OUTCOME, images_per_s=1.0, latencies_s=(9.0,), rejections=5, failed=2)
    found = summary([OUTCOME, OUTCOME, worse])
    assert (found.images_per_s, found.rejections, found.failed) == (2.0, 7, 2)
    assert found.p99_s > 8


@pytest.fixture
def report() -> Report:
    cell = Cell(1, 4)
    slower = replace(OUTCOME, images_per_s=0.5, rejections=0)
    outcomes = {(cell, "ClearBG"): [OUTCOME], (cell, "rembg"): [slower]}
    return Report("2.0", "command", outcomes, [2.2], {"coffee": 0.99})


def test_the_report_has_both_servers_and_their_ratio(report: Report, tmp_path: Path) -> None:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(report.table())
    (ratio,) = (line for line in captured.get().splitlines() if "ratio" in line)
    assert "4.00" in ratio
    report.write(tmp_path)
    assert (tmp_path / "rivals.png").stat().st_size > 1000
    (cell,) = json.loads((tmp_path / "rivals.json").read_text())["cells"]
    assert cell["ClearBG"]["rejections"] == 1
    assert cell["rembg"]["images_per_s"] == 0.5
