"""A lock between processes that create the same file. Standard library only."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock for creating `path` inside the block.

    The system releases it if the process dies. The lock is a file beside `path`. It stays, since a
    lock file that is removed could be held by two processes at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
