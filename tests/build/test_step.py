"""A step prints its duration: one line in a log, one that is rewritten on a terminal."""

import io
import re
import sys

import pytest

from serving import step as steps
from serving.step import step


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LOG_INTERVAL_S", 3600)
    with step("Fetching") as fetching:
        fetching.progress(5_000_000, 20_000_000)
        fetching.progress(20_000_000, 20_000_000)
    assert re.fullmatch(r"Fetching: 20 MB, \d+\.\d s\n", capsys.readouterr().err)


def test_a_log_gets_a_line_at_each_interval(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LOG_INTERVAL_S", 0)
    with step("Fetching") as fetching:
        fetching.progress(5_000_000, 20_000_000)
        fetching.progress(6_000_000, 0)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "Fetching: 5 of 20 MB",
        "Fetching: 6 MB",
        "Fetching: 6 MB",
    ]


def test_a_terminal_gets_one_line_that_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(steps, "TERMINAL_INTERVAL_S", 0)
    with step("Fetching") as fetching:
        fetching.progress(5_000_000, 20_000_000)
    output = terminal.getvalue()
    assert output.count("\r") == 3
    assert output.count("\n") == 1
    assert output.endswith("\n")


def test_the_size_is_printed_if_there_was_no_progress(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with step("Fetching") as fetching:
        fetching.set_size(88_000_000)
    assert "88 MB" in capsys.readouterr().err


def test_a_step_that_fails_ends_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with pytest.raises(ValueError, match="no"), step("Fetching"):
        raise ValueError("no")
    assert terminal.getvalue().endswith("\n")
