"""What `clearbg bulk` has begun, in a file beside the results: it can be killed at any moment."""

import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.cli.files import write

NAME = ".clearbg-bulk.json"

Stamp = list[int]
"""Size in bytes and time of change in ns: another one, and it is another image."""

WAY_OUT = "take another folder, or --restart to do all images anew"


class StateRefused(Exception):
    """The command cannot go on with it."""


@dataclass
class Chunk:
    """Images of one job."""

    images: dict[str, Stamp]
    """By name, in the order in which they were sent."""
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    """Written before the upload: what is sent again under it is not done again."""
    job_id: str = ""
    """Empty until the service has said it."""


@dataclass
class State:
    """Everything that is kept.

    The file holds the chunks that are under way, so it stays small: what is done is known by its
    result.
    """

    path: Path
    asked: dict[str, str]
    """What is done with the images, and which ones they are."""
    since_ns: int = 0
    """Results that are older do not count."""
    chunks: list[Chunk] = field(default_factory=list)
    abandoned: list[Chunk] = field(default_factory=list)
    """Under way before all began anew: their jobs are in the way. Not in the file."""

    @classmethod
    def read(cls, path: Path) -> "State | None":
        """The one that was left behind, if there is one.

        Raises:
            StateRefused: nobody can tell what it says.
        """
        try:
            said = json.loads(path.read_bytes())
            return cls(
                path,
                dict(said["asked"]),
                int(said["since_ns"]),
                [Chunk(**chunk) for chunk in said["chunks"]],
            )
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise StateRefused(f"{path} cannot be understood; {WAY_OUT}") from error

    @classmethod
    def anew(cls, path: Path, asked: dict[str, str]) -> "State":
        """One for which no result is there yet."""
        try:
            old = cls.read(path)
        except StateRefused:
            old = None
        return cls(path, asked, time.time_ns(), abandoned=old.chunks if old else [])

    def has(self, result: Path) -> bool:
        """Whether a result is there."""
        try:
            return result.stat().st_mtime_ns >= self.since_ns
        except FileNotFoundError:
            return False

    def begin(self, chunk: Chunk) -> None:
        """Note what is about to be sent."""
        if chunk not in self.chunks:
            self.chunks.append(chunk)
        self._write()

    def accepted(self, chunk: Chunk, job_id: str) -> None:
        """Note the job of a chunk."""
        chunk.job_id = job_id
        self._write()

    def end(self, chunk: Chunk) -> None:
        """Forget a chunk: its results are there, or it will be sent in another one."""
        if chunk in self.chunks:
            self.chunks.remove(chunk)
            self._write()

    def keep_unchanged(self, source: Path) -> None:
        """Forget the chunks of which an image has changed or gone: those jobs show the old one."""
        self.chunks = [
            chunk for chunk in self.chunks if stamps(source, chunk.images) == chunk.images
        ]

    def remove(self) -> None:
        """All is done."""
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        kept: dict[str, Any] = asdict(self)
        said = {name: kept[name] for name in ("asked", "since_ns", "chunks")}
        write(self.path, json.dumps(said, indent=1).encode())


def stamps(source: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """Of the images that are there."""
    found = {}
    for name in names:
        try:
            stat = (source / name).stat()
        except OSError:
            continue
        found[name] = [stat.st_size, stat.st_mtime_ns]
    return found
