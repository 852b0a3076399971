"""What there is to do, and what is left of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.bulk.progress import Progress
from gateway.cli.bulk.state import Chunk, State, stamps
from gateway.client import Asked, AsyncBulkClient


@dataclass(frozen=True)
class Work:
    """A folder of images."""

    client: AsyncBulkClient
    asked: Asked
    """What is done with each."""
    source: Path
    results: Mapping[str, Path]
    """Where the result of each goes, by its name."""
    state: State
    progress: Progress

    def missing(self, names: Iterable[str]) -> list[str]:
        """Those of them that have neither a result nor failed."""
        return [
            name
            for name in names
            if name not in self.progress.ended and not self.state.has(self.results[name])
        ]

    def chunk(self, names: Sequence[str]) -> Chunk:
        """Those of them that are still there, for one upload."""
        found = stamps(self.source, names)
        for name in set(names) - found.keys():
            self.progress.failed(name, "It is no longer there.")
        return Chunk(found)
