"""Prints the steps of a command to stderr, with progress and duration. Standard library only."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

TERMINAL_INTERVAL_S = 0.1
LOG_INTERVAL_S = 5.0


@contextmanager
def step(name: str) -> Iterator["Step"]:
    """Print that a step runs, and at its end how many megabytes and seconds it took.

    On a terminal, one line is rewritten. Otherwise a line is printed every LOG_INTERVAL_S and at
    the end.
    """
    running = Step(name)
    try:
        yield running
    except BaseException:
        running.interrupt()
        raise
    running.end()


class Step:
    """A running step."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._terminal = sys.stderr.isatty()
        self._started = self._printed_at = time.monotonic()
        self._done = self._total = 0
        if self._terminal:
            self._write("")

    def progress(self, done: int, total: int) -> None:
        """Update the bytes done and in total (0: unknown)."""
        self._done, self._total = done, total
        if time.monotonic() - self._printed_at >= (
            TERMINAL_INTERVAL_S if self._terminal else LOG_INTERVAL_S
        ):
            self._printed_at = time.monotonic()
            self._write("" if self._terminal else "\n")

    def set_size(self, size: int) -> None:
        """Set the bytes to print at the end, unless `progress` was called."""
        self._done = self._total = self._done or size

    def end(self) -> None:
        """Print the final line."""
        self._total = self._done
        self._write("\n")

    def interrupt(self) -> None:
        """End the line on a terminal, so that an error message starts on a new one."""
        if self._terminal:
            self._write("\n")

    def _write(self, end: str) -> None:
        duration = f"{time.monotonic() - self._started:.1f} s"
        megabytes = f"{self._done / 1e6:.0f} MB"
        if self._total > self._done:
            megabytes = f"{self._done / 1e6:.0f} of {self._total / 1e6:.0f} MB"
        text = (
            f"{self._name}: {megabytes}, {duration}" if self._done else f"{self._name}: {duration}"
        )
        # Return to the start of the line, and clear the rest of a longer text after this one.
        sys.stderr.write(f"\r{text}\x1b[K{end}" if self._terminal else f"{text}{end}")
        sys.stderr.flush()
