"""Answers that are not taken: they count as memory, and not for ever."""

import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from gateway.rest import streamed_response
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import listening
from tests.waiting import wait_until


def in_flight() -> float:
    return REGISTRY.get_sample_value("clearbg_upload_bytes_in_flight") or 0.0


def noise(folder: Path) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "noise.jpg", quality=60)
    return (folder / "noise.jpg").read_bytes()


def test_an_answer_counts_until_it_is_taken_and_is_cut_off_at_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed_response, "SEND_TIMEOUT_S", 1.0)
    data = noise(tmp_path)
    body = (
        b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        + data
        + b"\r\n--b--\r\n"
    )
    with listening(HalfModel(), Settings(data_dir=tmp_path)) as service:
        host, port = service.url.removeprefix("http://").split(":")
        head = (
            f"POST /v1/removebg HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {service.new_key()}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, int(port))) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(head.encode() + body)
            assert connection.recv(15).startswith(b"HTTP/1.1 200")
            assert in_flight() > len(data), "the PNG is larger than the JPEG"
            wait_until(lambda: not in_flight())
