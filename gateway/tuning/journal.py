"""The measurements of a sweep, appended to a file one by one."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.tuning.config import Config
from gateway.tuning.measurement import Measurement

NAME = "points.jsonl"


class JournalMismatch(Exception):
    """The file is damaged, or has other conditions. The message says what to do."""


class Journal:
    """Keeps measurements, so that an interrupted sweep resumes where it stopped.

    Args:
        path: the file; its first line is the conditions of all measurements in it.
        conditions: of this sweep.

    Raises:
        JournalMismatch: the file has other conditions, or is damaged.
    """

    def __init__(self, path: Path, conditions: dict[str, Any]) -> None:
        self._path = path
        self._lines: dict[str, dict[str, Any]] = {}
        self.reused = self.measured = 0
        if path.exists():
            self._read(conditions)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append(conditions)

    def has(self, config: Config, round_: str) -> bool:
        """Return whether the file has the measurement of a configuration in a round."""
        return _key({"config": asdict(config), "round": round_}) in self._lines

    def measure(
        self, config: Config, round_: str, measure: Callable[[Config], Measurement]
    ) -> Measurement:
        """Return the measurement of a configuration in a round; make and append it if it is new.

        Args:
            config: what to measure.
            round_: name of the round: a configuration is measured once in each.
            measure: makes the measurement.

        Raises:
            MeasurementFailed: it failed. Failures are not kept: the next run tries again.
        """
        line: dict[str, Any] = {"config": asdict(config), "round": round_}
        if existing := self._lines.get(_key(line)):
            self.reused += 1
            return Measurement(**existing["measurement"])
        measurement = measure(config)
        line["measurement"] = asdict(measurement)
        self._append(line)
        self._lines[_key(line)] = line
        self.measured += 1
        return measurement

    def _read(self, conditions: dict[str, Any]) -> None:
        # A killed sweep may leave an incomplete line: it is removed, and measured again.
        complete = self._path.read_bytes().rpartition(b"\n")[0].splitlines(keepends=True)
        try:
            lines = [json.loads(line) for line in complete]
            recorded = dict(lines.pop(0))
            self._lines = {_key(line): line for line in lines}
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise JournalMismatch(
                f"{self._path} is damaged: remove it, or use --restart"
            ) from error
        if different := [
            name for name in recorded | conditions if recorded.get(name) != conditions.get(name)
        ]:
            raise JournalMismatch(
                f"{self._path} was measured with another {', '.join(different)}: use another "
                "--out, or --restart"
            )
        self._path.write_bytes(b"".join(complete) + b"\n" * (not complete[-1].endswith(b"\n")))

    def _append(self, line: dict[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _key(line: dict[str, Any]) -> str:
    return json.dumps([line["config"], line["round"]], sort_keys=True)
