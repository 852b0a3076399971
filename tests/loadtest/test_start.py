"""How `make bench-start` reports its measurements."""

import math
import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from loadtest.start.disk import disk_usage_mb
from loadtest.start.figures import Figure, table
from loadtest.start.fresh_clone import check_cutout
from tests.conftest import Make
from tests.end_to_end.astronaut import PHOTO


@pytest.mark.parametrize(
    ("values", "missed"),
    [([59.0, 60.0, 900.0], False), ([59.0, 61.0, 62.0], True), ([math.inf], True)],
    ids=["one slow round", "two slow rounds", "never"],
)
def test_the_median_decides_whether_a_target_is_missed(values: list[float], missed: bool) -> None:
    assert Figure("first cut-out", values, "s", 60.0).missed == missed


def test_a_figure_without_a_target_is_never_missed() -> None:
    assert not Figure("caches", [1e9], "MB").missed


def test_the_table_shows_medians_targets_and_rounds() -> None:
    text = StringIO()
    Console(file=text, width=100).print(
        table("First start", [Figure("first cut-out", [17.25, 18.0, 21.5], "s", 60.0)])
    )
    for expected in ("first cut-out, s", "18", "≤ 60", "17.25, 18, 21.5"):
        assert expected in text.getvalue()


def test_hard_links_count_once(tmp_path: Path) -> None:
    cache, clone = tmp_path / "cache", tmp_path / "clone"
    for folder in (cache, clone):
        folder.mkdir()
    (cache / "file").write_bytes(bytes(5_000_000))
    os.link(cache / "file", clone / "file")
    assert disk_usage_mb(cache) == pytest.approx(5, abs=0.1)
    assert disk_usage_mb(cache, clone) == pytest.approx(5, abs=0.1)


def test_an_image_without_transparent_pixels_is_not_a_cutout(photo: Make) -> None:
    for result in (photo(), PHOTO.read_bytes()):
        with pytest.raises(ValueError, match="not a cut-out"):
            check_cutout(result)
