"""A small disk that can be filled: a tmpfs, which only root may mount."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

CHUNK_BYTES = 2**12


@dataclass
class Disk:
    """A disk of its own, or a folder that has none."""

    folder: Path
    why_not: str = ""
    """It could not be mounted: tests that do not fill it run all the same."""

    def fill(self) -> None:
        """Leave no room at all; skip the test where there is no disk."""
        if self.why_not:
            pytest.skip(f"no disk can be filled: {self.why_not}")
        with suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(CHUNK_BYTES))

    def relieve(self) -> None:
        """Give the room back."""
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.folder / "ballast"


@contextmanager
def mounted(folder: Path, size_bytes: int) -> Iterator[Disk]:
    """Mount a disk on a folder until the block ends."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        yield Disk(folder, getattr(error, "stderr", "") or str(error))
        return
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
