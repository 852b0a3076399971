"""One run of the command: the images, their options, and which are still without a result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.bulk.progress import Progress
from gateway.cli.bulk.state import Chunk, State, fingerprints
from gateway.client import AsyncBulkClient, RemovalOptions


@dataclass(frozen=True)
class BulkRun:
    """A folder of images on their way through bulk jobs."""

    client: AsyncBulkClient
    options: RemovalOptions
    """Applied to every image."""
    source: Path
    results: Mapping[str, Path]
    """The result path of each image, by the image's file name."""
    state: State
    progress: Progress

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return those images that have no result and have not failed."""
        return [
            name
            for name in names
            if name not in self.progress.ended and not self.state.has(self.results[name])
        ]

    def new_chunk(self, names: Sequence[str]) -> Chunk:
        """Return a chunk of those images that still exist; the others fail."""
        found = fingerprints(self.source, names)
        for name in set(names) - found.keys():
            self.progress.failed(name, "It no longer exists.")
        return Chunk(found)
