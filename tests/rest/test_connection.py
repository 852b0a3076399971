"""When a connection is closed: a real listener, raw sockets."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path

import pytest

from gateway.rest import listener
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import listening

HEADERS = (
    b"POST /v1/removebg HTTP/1.1\r\nHost: gateway\r\nX-API-Key: cbg_wrong\r\n"
    b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n"
)


@contextmanager
def connected(data_dir: Path) -> Iterator[socket.socket]:
    with (
        listening(HalfModel(), Settings(data_dir=data_dir)) as service,
        socket.create_connection(("127.0.0.1", int(service.url.rsplit(":", 1)[1]))) as connection,
    ):
        connection.settimeout(60)
        yield connection


def status(connection: socket.socket) -> int:
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response.status


@pytest.mark.parametrize("sent_late", [b"", b"x" * 500, b"x" * 1000])
def test_a_connection_that_was_answered_early_is_closed_when_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent_late: bytes
) -> None:
    monkeypatch.setattr(listener, "KEEP_ALIVE_S", 0.2)
    with connected(tmp_path) as connection:
        connection.sendall(HEADERS)
        assert status(connection) == 401
        connection.sendall(sent_late)
        assert connection.recv(1) == b"", "closed by the service"


def test_a_connection_that_was_answered_early_answers_its_next_request(tmp_path: Path) -> None:
    with connected(tmp_path) as connection:
        for _ in range(2):
            connection.sendall(HEADERS)
            assert status(connection) == 401
            connection.sendall(b"x" * 1000)
