"""A request's memory is bounded by its pixels; `make bench-images` measures more sizes."""

import subprocess
import sys

import pytest

from loadtest.peak_memory import KINDS

BYTES_A_PIXEL = 10
CONSTANT_BYTES = 40_000_000


def peak_bytes_and_counted_pixels(kind: str, *options: str) -> tuple[int, int]:
    """Of one request with 12 megapixels, in a process of its own."""
    command = [sys.executable, "-m", "loadtest.peak_memory", kind, "4000", "3000", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, counted = map(int, done.stdout.split())
    return peak, counted


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_takes_no_more_than_the_stated_multiple_of_its_pixels(kind: str) -> None:
    peak, counted = peak_bytes_and_counted_pixels(kind)
    assert counted == 12_000_000
    assert 0 < peak <= BYTES_A_PIXEL * counted + CONSTANT_BYTES


@pytest.mark.parametrize(
    "options",
    [
        ["bg_image="],
        ["scale=50%"],
        ["shadow=50"],
        ["format=webp"],
        ["format=zip"],
        ["crop=true", "crop_margin=10%"],
        ["roi=0% 0% 90% 90%"],
        ["bg_image=", "scale=90%", "shadow=50", "roi=0% 0% 90% 90%", "format=webp"],
    ],
    ids=" ".join,
)
def test_admission_counts_what_options_take(options: list[str]) -> None:
    peak, counted = peak_bytes_and_counted_pixels("JPEG", *options)
    assert 0 < peak <= BYTES_A_PIXEL * counted + CONSTANT_BYTES
