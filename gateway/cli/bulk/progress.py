"""How far `clearbg bulk` is: two bars, and a line for each image that failed."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich import progress

from gateway.cli.console import err


class Progress:
    """Shown while it is entered. Images are counted once, however often they are told."""

    def __init__(self, total: int) -> None:
        self._bars = progress.Progress(console=err)
        self._upload = self._bars.add_task("uploaded", total=total)
        self._cut_out = self._bars.add_task("done", total=total)
        self._uploaded: set[str] = set()
        self._done: set[str] = set()
        self._failed: set[str] = set()

    @property
    def ended(self) -> set[str]:
        """Those that are done, or failed."""
        return self._done | self._failed

    @property
    def failures(self) -> int:
        """How many failed."""
        return len(self._failed)

    def uploaded(self, names: Iterable[str]) -> None:
        """The service has these."""
        self._uploaded.update(names)
        self._show()

    def done(self, name: str) -> None:
        """The result of an image is there."""
        self._done.add(name)
        self._show()

    def failed(self, name: str, why: str) -> None:
        """An image has none, and will have none."""
        self._failed.add(name)
        err.print(f"{name}: {why}", markup=False, style="red")
        self._show()

    def _show(self) -> None:
        self._bars.update(self._upload, completed=len(self._uploaded | self._failed))
        self._bars.update(self._cut_out, completed=len(self.ended))

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
