"""Callers who come all at once in the moment in which the service listens are all answered.

`make bench-start` has more of them: later, beside a busy core, and after Triton was killed.
"""

from pathlib import Path

import pytest

from loadtest.start import callers
from loadtest.start.callers import CONDITIONS, IMAGES, PHOTO, measure_burst, photos


def test_a_burst_in_the_first_moment_is_answered_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEARBG_REQUEST_TIMEOUT_S", "120")  # a busy machine takes longer
    monkeypatch.setattr(callers, "TIMEOUT_S", 600.0)
    outcomes = measure_burst(CONDITIONS[0], 0, tmp_path, photos(IMAGES, *PHOTO))
    assert outcomes.statuses == {200: IMAGES}, (tmp_path / "service.log").read_text()
