"""What a sweep has measured so far, in a file that each measurement is appended to at once."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement

NAME = "points.jsonl"


class JournalRefused(Exception):
    """The file was begun otherwise, or is none of ours. The message says what to do."""


class Journal:
    """Remembers measurements, so that an interrupted sweep goes on where it stopped.

    Args:
        path: the file; its first line says under which conditions all was measured.
        conditions: of this sweep.

    Raises:
        JournalRefused: the file has others, or cannot be read.
    """

    def __init__(self, path: Path, conditions: dict[str, Any]) -> None:
        self._path = path
        self._known: dict[str, dict[str, Any]] = {}
        self.reused = self.measured = 0
        if path.exists():
            self._read(conditions)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append(conditions)

    def knows(self, config: Config, round_: str) -> bool:
        """Whether this need not be measured again."""
        return _name({"config": asdict(config), "round": round_}) in self._known

    def measure(
        self, config: Config, round_: str, measure: Callable[[Config], Measurement]
    ) -> Measurement:
        """What was measured of a configuration in a round, or is measured now.

        Args:
            config: what to measure.
            round_: its name: the same configuration is measured once in each.
            measure: asked if it is not known yet.

        Raises:
            NotMeasured: it failed. That is not kept: the next run tries again.
        """
        key = {"config": asdict(config), "round": round_}
        if known := self._known.get(_name(key)):
            self.reused += 1
            return Measurement(**known["measurement"])
        seen = measure(config)
        line = key | {"measurement": asdict(seen)}
        self._append(line)
        self._known[_name(key)] = line
        self.measured += 1
        return seen

    def _read(self, conditions: dict[str, Any]) -> None:
        # A killed sweep may leave half a line behind: it is cut off, and measured again.
        whole = self._path.read_bytes().rpartition(b"\n")[0].splitlines(keepends=True)
        try:
            lines = [json.loads(line) for line in whole]
            then = dict(lines.pop(0))
            self._known = {_name(line): line for line in lines}
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise JournalRefused(f"{self._path} is damaged: remove it, or use --restart") from error
        if differing := [
            name for name in then | conditions if then.get(name) != conditions.get(name)
        ]:
            raise JournalRefused(
                f"{self._path} was measured with another {', '.join(differing)}: use another "
                "--out, or --restart"
            )
        self._path.write_bytes(b"".join(whole) + b"\n" * (not whole[-1].endswith(b"\n")))

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _name(line: dict[str, Any]) -> str:
    return json.dumps([line["config"], line["round"]], sort_keys=True)
