"""Two progress bars, and a line for each image that failed."""

from collections.abc import Iterable
from typing import Self

from rich import progress

from gateway.cli.console import err


class Progress:
    """Shows its bars inside a `with` block. An image counts once, however often it is reported.

    Args:
        total: how many images there are to process.
    """

    def __init__(self, total: int) -> None:
        self._bars = progress.Progress(console=err)
        self._upload_bar = self._bars.add_task("uploaded", total=total)
        self._done_bar = self._bars.add_task("done", total=total)
        self._uploaded: set[str] = set()
        self._done: set[str] = set()
        self._failed: set[str] = set()

    @property
    def ended(self) -> set[str]:
        """The images that are done or failed."""
        return self._done | self._failed

    @property
    def failures(self) -> int:
        """How many images failed."""
        return len(self._failed)

    def uploaded(self, names: Iterable[str]) -> None:
        """Report images that have been uploaded."""
        self._uploaded.update(names)
        self._update()

    def done(self, name: str) -> None:
        """Report an image whose result has been written."""
        self._done.add(name)
        self._update()

    def failed(self, name: str, reason: str) -> None:
        """Report an image that will have no result, and print why."""
        self._failed.add(name)
        err.print(f"{name}: {reason}", markup=False, style="red")
        self._update()

    def _update(self) -> None:
        self._bars.update(self._upload_bar, completed=len(self._uploaded | self._failed))
        self._bars.update(self._done_bar, completed=len(self.ended))

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()
