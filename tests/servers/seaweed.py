"""A throw-away S3 server: SeaweedFS from its wheel."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtest.ports import free_port

WEED = Path(sys.executable).with_name("weed")
START_TIMEOUT_S = 120
BUCKET, KEY, SECRET = "clearbg", "k", "s"


@dataclass
class S3:
    """A running server, and how obstore finds it."""

    url: str
    environment: dict[str, str]
    process: "subprocess.Popen[bytes]"
    command: list[str]
    folder: Path

    def restart(self) -> None:
        """Come back with what was stored."""
        self.process = _start(self.command, self.folder)
        _wait_for(self)

    def stop(self) -> None:
        """Go at once; SIGTERM would wait for idle connections."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(host: str = "127.0.0.1") -> Iterator[S3]:
    """Run a server with an empty bucket until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="clearbg-s3-"))
    ports = {name: free_port() for name in ("master", "volume", "filer", "s3", "admin")}
    # Each also listens for gRPC on its port plus 10,000, unless told otherwise.
    grpc = [f"-{name}.port.grpc={free_port()}" for name in ("master", "volume", "filer", "s3")]
    command = [
        str(WEED),
        "-logtostderr=true",
        "mini",
        f"-dir={folder}",
        f"-ip={host}",
        f"-ip.bind={host}",
        *(f"-{name}.port={port}" for name, port in ports.items()),
        *grpc,
        f"-metricsPort={free_port()}",
        "-admin.ui=false",
        "-webdav=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-bucket={BUCKET}",
    ]
    address = f"http://{host}:{ports['s3']}"
    environment = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": address,
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    server = S3(f"s3://{BUCKET}/jobs", environment, _start(command, folder), command, folder)
    try:
        _wait_for(server)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _start(command: list[str], folder: Path) -> "subprocess.Popen[bytes]":
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "TMPDIR": str(folder)}
    with (folder / "weed.log").open("ab") as log:
        return subprocess.Popen(
            command, env=os.environ | keys, cwd=folder, stdout=subprocess.DEVNULL, stderr=log
        )


def _wait_for(server: S3) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, (server.folder / "weed.log").read_text()[-2000:]
        try:
            if httpx.get(f"{server.environment['AWS_ENDPOINT_URL']}/healthz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("weed did not start")
