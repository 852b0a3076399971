"""The jobs in progress, in a file among the results: the command may be killed at any moment."""

import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.cli.files import write_atomically

NAME = ".clearbg-bulk.json"

Fingerprint = list[int]
"""Size in bytes and modification time in ns: if one differs, the image has changed."""

RESTART_HINT = "use another folder, or --restart to process all images again"


class StateMismatch(Exception):
    """The command cannot resume from the state file. The message says why, and what to do."""


@dataclass
class Chunk:
    """The images of one job."""

    images: dict[str, Fingerprint]
    """By file name, in the order of the upload."""
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    """Idempotency key, written before the upload: a repeated upload creates no second job."""
    job_id: str = ""
    """Empty until the service has accepted the upload."""


@dataclass
class State:
    """The contents of the state file.

    It stays small, since it has only the chunks in progress: finished images have a result file.
    """

    path: Path
    conditions: dict[str, str]
    """The folder and the options; the command resumes only if they are the same."""
    since_ns: int = 0
    """Result files that are older (modification time in ns) do not count."""
    chunks: list[Chunk] = field(default_factory=list)
    abandoned: list[Chunk] = field(default_factory=list)
    """Chunks in progress before --restart, whose jobs are cancelled. Not in the file."""

    @classmethod
    def read(cls, path: Path) -> "State | None":
        """Read the file; return None if there is none.

        Raises:
            StateMismatch: the file is damaged.
        """
        try:
            content = json.loads(path.read_bytes())
            return cls(
                path,
                dict(content["asked"]),
                int(content["since_ns"]),
                [Chunk(**chunk) for chunk in content["chunks"]],
            )
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError) as error:
            raise StateMismatch(f"{path} is damaged; {RESTART_HINT}") from error

    @classmethod
    def restarted(cls, path: Path, conditions: dict[str, str]) -> "State":
        """Return a state for which existing results do not count."""
        try:
            old = cls.read(path)
        except StateMismatch:
            old = None
        return cls(path, conditions, time.time_ns(), abandoned=old.chunks if old else [])

    def has(self, result: Path) -> bool:
        """Return whether a result file exists and counts."""
        try:
            return result.stat().st_mtime_ns >= self.since_ns
        except FileNotFoundError:
            return False

    def begin(self, chunk: Chunk) -> None:
        """Record a chunk that is about to be uploaded."""
        if chunk not in self.chunks:
            self.chunks.append(chunk)
        self._write()

    def accepted(self, chunk: Chunk, job_id: str) -> None:
        """Record the job that an upload has created."""
        chunk.job_id = job_id
        self._write()

    def end(self, chunk: Chunk) -> None:
        """Remove a chunk: it has all its results, or its images will be sent in another one."""
        if chunk in self.chunks:
            self.chunks.remove(chunk)
            self._write()

    def drop_changed(self, source: Path) -> None:
        """Remove the chunks with an image that has changed or disappeared since its upload."""
        self.chunks = [
            chunk for chunk in self.chunks if fingerprints(source, chunk.images) == chunk.images
        ]

    def delete(self) -> None:
        """Delete the file: all images are processed."""
        self.path.unlink(missing_ok=True)

    def _write(self) -> None:
        content: dict[str, Any] = {
            "asked": self.conditions,
            "since_ns": self.since_ns,
            "chunks": [asdict(chunk) for chunk in self.chunks],
        }
        write_atomically(self.path, json.dumps(content, indent=1).encode())


def fingerprints(source: Path, names: Iterable[str]) -> dict[str, Fingerprint]:
    """Return the fingerprints of those images that still exist in the folder."""
    found = {}
    for name in names:
        try:
            stat = (source / name).stat()
        except OSError:
            continue
        found[name] = [stat.st_size, stat.st_mtime_ns]
    return found
