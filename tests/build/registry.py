"""A small local npm registry that can simulate failures."""

import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from serving import npm_package

CHUNKS = (b"first ", b"second ", b"third")


@dataclass
class Registry:
    """The served content, the failures to simulate, and the requests received."""

    url: str = ""
    content: bytes = b""
    ranges_requested: list[str] = field(default_factory=list)
    """The Range header of each request; empty if it had none."""
    cuts: list[int] = field(default_factory=list)
    """Number of bytes after which the next answers are cut; later answers are complete."""
    cut: threading.Event = field(default_factory=threading.Event)
    hangs: bool = False
    """Leave the connection open when an answer is cut."""
    supports_ranges: bool = True
    tag: str = ""
    status: int = 200
    paths: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


@contextmanager
def running(content: bytes) -> Iterator[Registry]:
    """Serve `content` at any path until the block ends."""
    registry = Registry(content=content)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            _answer(registry, self)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    registry.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield registry
    server.shutdown()
    server.server_close()


def _answer(registry: Registry, request: BaseHTTPRequestHandler) -> None:
    range_ = request.headers.get("Range", "")
    registry.ranges_requested.append(range_)
    registry.paths.append(request.path)
    registry.logins += request.headers.get_all("Authorization", [])
    if registry.status != 200:
        request.send_error(registry.status)
        return
    changed = request.headers.get("If-Range", registry.tag) != registry.tag
    start = (
        int(range_[len("bytes=") : -1])
        if range_ and registry.supports_ranges and not changed
        else 0
    )
    whole = registry.content
    if start >= len(whole) > 0:
        request.send_error(416)
        return
    request.send_response(206 if start else 200)
    request.send_header("Content-Length", str(len(whole) - start))
    if registry.tag:
        request.send_header("ETag", registry.tag)
    request.end_headers()
    if registry.cuts:
        request.wfile.write(whole[start : registry.cuts.pop(0)])
        request.wfile.flush()
        registry.cut.set()
        if registry.hangs:
            threading.Event().wait(30)
    else:
        request.wfile.write(whole[start:])


def package(chunks: tuple[bytes, ...] = CHUNKS, *, altered: bool = False) -> bytes:
    """Return a package as npm_package expects it; `altered` changes chunks but not their names."""
    listed, start = [], 0
    members: list[tuple[str, bytes]] = []
    for chunk in chunks:
        name = hashlib.sha256(chunk).hexdigest()
        listed.append({"hash": name, "offsets": [start, start + len(chunk)]})
        start += len(chunk)
        members.append((name, chunk.upper() if altered else chunk))
    listing = {npm_package.RESOURCE: {"size": start, "chunks": listed}}
    members.insert(1, ("resources.json", json.dumps(listing).encode()))
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, data in reversed(members):
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return archive.getvalue()
